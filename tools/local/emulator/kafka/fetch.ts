/** Reading over Kafka: the events of assigned partitions, whatever protocol they came in by. */
import { createRecordsBatch, Writer } from '@platformatic/kafka';
import type { PartitionLog } from '../partitionLog.ts';
import { codeOf } from './errorCodes.ts';
import { isKafkaError, type KafkaError, kafkaError } from './errors.ts';
import { findPartition } from './metadata.ts';
import { messageOf } from './recordOf.ts';
import type { Endpoint, Session } from './session.ts';
import type { Request } from './wire.ts';

/** A single answer: what a client asks for beyond it comes with its next request. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_EVENTS = 10_000;
/** The library writes times within a batch as their distance from its first one, in 32 bits with a sign. */
const MOST_TIME_DELTA = 2 ** 31;
/** A client that is gone is noticed when it is written to, so nobody is waited for longer than this. */
const MOST_WAIT_MS = 30_000;

interface Asked {
  readonly topic: string;
  readonly partitions: readonly { index: number; offset: bigint; maxBytes: number }[];
}

interface Answer {
  readonly index: number;
  readonly log: PartitionLog | KafkaError;
  readonly first: number;
  readonly maxBytes: number;
}

/**
 * Answers Fetch, versions 4 to 11. It waits, as long as the request allows, until there is something to say. That goes for
 * refusals as well: a client that gets one at once asks again at once.
 */
export async function fetch(request: Request, session: Session, { topics }: Endpoint): Promise<Writer> {
  const { version, body } = request;
  body.readInt32(); // replica
  const [maxWaitMs, minBytes, maxBytes] = [body.readInt32(), body.readInt32(), body.readInt32()];
  body.readInt8(); // isolation: there are no transactions
  if (version >= 7) {
    body.readInt32(); // a session of fetches, which is never begun here
    body.readInt32();
  }
  const answers = readAsked(request).map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ index, offset, maxBytes: most }): Answer => {
      const found = findPartition(topics, session, topic, index);
      if (isKafkaError(found)) return { index, log: found, first: 0, maxBytes: most };
      const first = Number(offset);
      const { log } = found;
      const inside = first >= log.beginSequenceNumber && first <= log.nextSequenceNumber;
      return { index, log: inside ? log : kafkaError('OFFSET_OUT_OF_RANGE'), first, maxBytes: most };
    }),
  }));
  const all = answers.flatMap(({ partitions }) => partitions);
  await somethingToSay(all, minBytes, maxWaitMs, session.gone);

  const writer = Writer.create().appendInt32(0); // throttle time
  if (version >= 7) writer.appendInt16(0).appendInt32(0);
  let left = Math.min(maxBytes, MOST_BYTES);
  return writer.appendArray(
    answers,
    (w, { topic, partitions }) => {
      w.appendString(topic, false);
      w.appendArray(
        [...partitions],
        (p, answer) => {
          left -= describePartition(p, answer, version, left);
        },
        false,
        false,
      );
    },
    false,
    false,
  );
}

function readAsked({ version, body }: Request): Asked[] {
  return body.readArray(
    (reader) => ({
      topic: reader.readString(false),
      partitions: reader.readArray(
        (r) => {
          const index = r.readInt32();
          if (version >= 9) r.readInt32(); // epoch of the leader
          const offset = r.readInt64();
          if (version >= 5) r.readInt64(); // where a replica's log begins
          return { index, offset, maxBytes: r.readInt32() };
        },
        false,
        false,
      ),
    }),
    false,
    false,
  );
}

/** Resolves when one of the partitions has an event or an offset that does not exist, or when the time is over. */
async function somethingToSay(
  answers: readonly Answer[],
  minBytes: number,
  maxWaitMs: number,
  gone: AbortSignal,
): Promise<void> {
  const ready = () =>
    answers.some(({ log, first }) =>
      isKafkaError(log) ? log.error === 'OFFSET_OUT_OF_RANGE' : first < log.nextSequenceNumber,
    );
  if (minBytes <= 0 || maxWaitMs <= 0 || ready() || gone.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.min(maxWaitMs, MOST_WAIT_MS));
  const listener = () => resolve();
  gone.addEventListener('abort', listener);
  const stops = answers.map(({ log }) =>
    isKafkaError(log) ? () => {} : log.onCommit(() => ready() && resolve()),
  );
  await promise;
  clearTimeout(timer);
  gone.removeEventListener('abort', listener);
  for (const stop of stops) stop();
}

/** Writes one partition's part of the answer. Returns the bytes of its events. */
function describePartition(writer: Writer, answer: Answer, version: number, left: number): number {
  const { index, log, first, maxBytes } = answer;
  const failed = isKafkaError(log);
  const end = BigInt(failed ? -1 : log.nextSequenceNumber);
  writer.appendInt32(index).appendInt16(codeOf(failed ? log : undefined));
  writer.appendInt64(end).appendInt64(end);
  if (version >= 5) writer.appendInt64(BigInt(failed ? -1 : log.beginSequenceNumber));
  writer.appendInt32(-1); // aborted transactions: none
  if (version >= 11) writer.appendInt32(-1); // another replica to read from
  const records = failed || left <= 0 ? Buffer.alloc(0) : readBatch(log, first, Math.min(maxBytes, left));
  writer.appendBytes(records, false);
  return records.length;
}

/** A record batch of the events from `first` on; empty at the end of the log. At least one event, however large. */
function readBatch(log: PartitionLog, first: number, maxBytes: number): Buffer {
  if (first >= log.nextSequenceNumber) return Buffer.alloc(0);
  const { enqueuedTime: begin } = log.placement(first);
  const events = log
    .read(first, MOST_EVENTS, maxBytes)
    .map((bytes, at) => ({ bytes, time: log.placement(first + at).enqueuedTime }));
  const tooLate = events.findIndex(({ time }) => time - begin >= MOST_TIME_DELTA);
  const messages = events
    .slice(0, tooLate === -1 ? undefined : tooLate)
    .map(({ bytes, time }) => messageOf(bytes, time));
  const batch = Buffer.from(createRecordsBatch(messages).buffer);
  batch.writeBigInt64BE(BigInt(first), 0); // the offset of its first record, which its checksum leaves out
  return batch;
}
