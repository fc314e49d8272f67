import { Writer } from '@platformatic/kafka';
import type { Partition } from '../hub.ts';
import { MAX_MESSAGE_SIZE } from '../messageSize.ts';
import { codeOf, textOf } from './errorCodes.ts';
import { isKafkaError, type KafkaError, kafkaError } from './errors.ts';
import { eventOf, sizeOf } from './kafkaEvent.ts';
import { CODEC, LIFT_LIMITS, LIMITS, type Limits } from './limits.ts';
import { findPartition } from './metadata.ts';
import type { Stored } from './producerStates.ts';
import { NO_TRANSACTIONS, readRecordBatch } from './recordBatch.ts';
import type { Endpoint, Session } from './session.ts';
import type { Request } from './wire.ts';

export const FLEXIBLE_PRODUCE = 9;
/** Requests that say nothing about what they may contain: zstd came later than the rest (KIP-110). */
const ZSTD_SINCE = 7;

const ACKS = { all: -1, none: 0, leader: 1 } as const;

interface PartitionData {
  readonly index: number;
  readonly records: Buffer;
}

interface PartitionAnswer {
  readonly index: number;
  readonly result: Stored | KafkaError;
}

/**
 * Stores what a Produce request brings (versions 3 to 9), each partition for itself, and says what became of it. No answer
 * is `undefined`: a producer that wants none learns of a failure by the end of its connection, as with Kafka.
 */
export async function produce(
  { version, body }: Request,
  session: Session,
  { topics, limits }: Endpoint,
): Promise<Writer | undefined> {
  const flexible = version >= FLEXIBLE_PRODUCE;
  const transactionalId = body.readNullableString(flexible);
  const acks = body.readInt16();
  body.readInt32(); // how long to wait for replicas, of which there are none
  const data = body.readArray(
    (reader) => ({
      topic: reader.readString(flexible),
      partitions: reader.readArray(
        (r): PartitionData => ({ index: r.readInt32(), records: r.readBytes(flexible) }),
        flexible,
        flexible,
      ),
    }),
    flexible,
    flexible,
  );
  const general = requestFault(transactionalId, acks);

  const answers = await Promise.all(
    data.map(async ({ topic, partitions }) => ({
      topic,
      partitions: await Promise.all(
        partitions.map(async (partition): Promise<PartitionAnswer> => {
          const found = general ?? findPartition(topics, session, topic, partition.index);
          const result = isKafkaError(found)
            ? found
            : await store(found, partition.records, version, LIMITS[limits]);
          if (isKafkaError(result)) session.refused(`${result.error}: ${textOf(result)}`);
          return { index: partition.index, result };
        }),
      ),
    })),
  );
  if (acks === ACKS.none) {
    session.over = answers.some(({ partitions }) => partitions.some(({ result }) => isKafkaError(result)));
    return undefined;
  }
  const writer = Writer.create().appendArray(
    answers,
    (w, { topic, partitions }) => {
      w.appendString(topic, flexible);
      w.appendArray(partitions, (p, answer) => describeResult(p, answer, version), flexible, flexible);
    },
    flexible,
    flexible,
  );
  writer.appendInt32(0); // throttle time
  if (flexible) writer.appendTaggedFields();
  return writer;
}

const ONLY_GZIP = `The service takes gzip or no compression, in its Premium and Dedicated tiers; ${LIFT_LIMITS} takes all.`;

function requestFault(transactionalId: string | null, acks: number): KafkaError | undefined {
  if (transactionalId !== null) return kafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', NO_TRANSACTIONS);
  return Object.values<number>(ACKS).includes(acks) ? undefined : kafkaError('INVALID_REQUIRED_ACKS');
}

function codecFault(codec: number, version: number, { codecs }: Limits): KafkaError | undefined {
  if (codec === CODEC.zstd && version < ZSTD_SINCE) return kafkaError('UNSUPPORTED_COMPRESSION_TYPE');
  // Without limits every codec is known, so that one which is not has Kafka's own text.
  if (codecs.includes(codec) || !Object.values<number>(CODEC).includes(codec)) return undefined;
  return kafkaError('UNSUPPORTED_COMPRESSION_TYPE', ONLY_GZIP);
}

async function store(
  partition: Partition,
  bytes: Buffer,
  version: number,
  limits: Limits,
): Promise<Stored | KafkaError> {
  const batch = readRecordBatch(bytes, (codec) => codecFault(codec, version, limits));
  if (isKafkaError(batch)) return batch;
  const events = batch.records.map(eventOf);
  const largest = events.reduce((most, event) => Math.max(most, sizeOf(event)), 0);
  if (largest > MAX_MESSAGE_SIZE) {
    return kafkaError(
      'MESSAGE_TOO_LARGE',
      `An event of ${largest} bytes; at most ${MAX_MESSAGE_SIZE} are taken.`,
    );
  }
  const append = (stored: (place: Stored) => void) =>
    new Promise<Stored | KafkaError>((resolve) => {
      partition.log.append(events, (error, first) => {
        if (first === undefined)
          return resolve(kafkaError('KAFKA_STORAGE_ERROR', `Not stored: ${error?.message}`));
        stored(first);
        resolve(first);
      });
    });
  return batch.position === undefined
    ? append(() => {})
    : partition.producers.storeOnce(batch.position, append);
}

function describeResult(writer: Writer, { index, result }: PartitionAnswer, version: number): void {
  const flexible = version >= FLEXIBLE_PRODUCE;
  const failed = isKafkaError(result);
  writer.appendInt32(index).appendInt16(codeOf(failed ? result : undefined));
  // The offset that Kafka consumers see at the service is the sequence number.
  writer.appendInt64(BigInt(failed ? -1 : result.sequenceNumber));
  writer.appendInt64(BigInt(failed ? -1 : result.enqueuedTime));
  if (version >= 5) writer.appendInt64(-1n); // first offset of the log: not told
  if (version >= 8) {
    writer.appendArray([], () => {}, flexible, flexible); // single records at fault: not told
    writer.appendString(failed ? textOf(result) : null, flexible);
  }
}
