import { Writer } from '@platformatic/kafka';
import type { Partition } from '../hub.ts';
import { MAX_MESSAGE_SIZE } from '../messageSize.ts';
import { codeOf, textOf } from './errorCodes.ts';
import { isKafkaError, type KafkaError, kafkaError } from './errors.ts';
import { eventOf, sizeOf } from './kafkaEvent.ts';
import type { Topics } from './metadata.ts';
import type { Stored } from './producerStates.ts';
import { NO_TRANSACTIONS, readRecordBatch } from './recordBatch.ts';
import type { Request } from './wire.ts';

export const FLEXIBLE_PRODUCE = 9;
/** Requests that say nothing about what they may contain: zstd came later than the rest (KIP-110). */
const ZSTD_SINCE = { version: 7, codec: 4 } as const;

const ACKS = { all: -1, none: 0, leader: 1 } as const;

interface PartitionData {
  readonly index: number;
  readonly records: Buffer;
}

interface PartitionAnswer {
  readonly index: number;
  readonly result: Stored | KafkaError;
}

/** The answer to a Produce request, or that there is none. */
export type ProduceAnswer = { readonly answer: Writer } | { readonly silent: true; readonly failed: boolean };

/** Stores what a Produce request brings (versions 3 to 9), each partition for itself, and says what became of it. */
export async function produce(
  { version, body }: Request,
  topics: Topics,
  mayWrite: (topic: string) => boolean,
): Promise<ProduceAnswer> {
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
          const found = general ?? findPartition(topics, mayWrite, topic, partition.index);
          const result = isKafkaError(found) ? found : await store(found, partition.records, version);
          return { index: partition.index, result };
        }),
      ),
    })),
  );
  if (acks === ACKS.none) {
    const failed = answers.some(({ partitions }) => partitions.some(({ result }) => isKafkaError(result)));
    return { silent: true, failed };
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
  return { answer: writer };
}

function requestFault(transactionalId: string | null, acks: number): KafkaError | undefined {
  if (transactionalId !== null) return kafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', NO_TRANSACTIONS);
  return Object.values<number>(ACKS).includes(acks) ? undefined : kafkaError('INVALID_REQUIRED_ACKS');
}

function findPartition(
  topics: Topics,
  mayWrite: (topic: string) => boolean,
  topic: string,
  index: number,
): Partition | KafkaError {
  if (!mayWrite(topic)) return kafkaError('TOPIC_AUTHORIZATION_FAILED');
  return topics.find(topic)?.partitions[index] ?? kafkaError('UNKNOWN_TOPIC_OR_PARTITION');
}

async function store(partition: Partition, bytes: Buffer, version: number): Promise<Stored | KafkaError> {
  const batch = readRecordBatch(bytes);
  if (isKafkaError(batch)) return batch;
  if (batch.codec === ZSTD_SINCE.codec && version < ZSTD_SINCE.version) {
    return kafkaError('UNSUPPORTED_COMPRESSION_TYPE');
  }
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
