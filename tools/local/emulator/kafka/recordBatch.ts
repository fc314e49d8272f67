/** The records that a producer sent for one partition: checked as Kafka's broker checks them, then read. */
import { crc32c, type KafkaRecord, readRecord } from '@platformatic/kafka';
import { MAX_MESSAGE_SIZE } from '../messageSize.ts';
import { expand } from './compression.ts';
import { isKafkaError, type KafkaError, kafkaError } from './errors.ts';
import { RequestReader } from './wire.ts';

/** Where a batch stands among those that its idempotent producer has sent to the partition. */
export interface ProducerPosition {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly count: number;
}

export interface RecordBatch {
  readonly records: readonly KafkaRecord[];
  /** Absent where the producer is not an idempotent one. */
  readonly position: ProducerPosition | undefined;
}

/** Offsets in a batch of format version 2, the one that all clients since 2017 send. */
const AT = { length: 8, magic: 16, crc: 17, attributes: 21 } as const;
const HEADER_SIZE = 61;
/** What the batch's own length does not count: the base offset, and the length itself. */
const BEFORE_LENGTH = 12;
const ATTRIBUTE = { codec: 0b111, transactional: 0x10, control: 0x20 } as const;

/**
 * Reads a partition's records. Whatever is wrong with them becomes the error that Kafka answers with.
 * @param codecFault why records that are compressed with a codec, by Kafka's number, are not even expanded.
 */
export function readRecordBatch(
  bytes: Buffer,
  codecFault: (codec: number) => KafkaError | undefined,
): RecordBatch | KafkaError {
  const fault = batchFault(bytes);
  if (fault !== undefined) return fault;
  const reader = new RequestReader(bytes);
  reader.skip(AT.attributes);
  const attributes = reader.readInt16();
  if (attributes & ATTRIBUTE.transactional) return kafkaError('INVALID_TXN_STATE', NO_TRANSACTIONS);
  if (attributes & ATTRIBUTE.control)
    return kafkaError('INVALID_RECORD', 'A producer sends no control records.');
  const lastOffsetDelta = reader.readInt32();
  reader.skip(16); // first and last timestamp: the broker's own time counts, as at the service
  const [producerId, epoch] = [reader.readInt64(), reader.readInt16()];
  const [firstSequence, count] = [reader.readInt32(), reader.readInt32()];
  if (count < 1 || lastOffsetDelta !== count - 1) {
    return kafkaError('INVALID_RECORD', 'The number of records does not fit their offsets.');
  }
  const codec = attributes & ATTRIBUTE.codec;
  const refused = codecFault(codec);
  if (refused !== undefined) return refused;
  const expanded = expand(bytes.subarray(HEADER_SIZE), codec);
  if (isKafkaError(expanded)) return expanded;
  const records = readRecords(expanded, count);
  if (isKafkaError(records)) return records;
  const position = producerId < 0n ? undefined : { producerId, epoch, firstSequence, count };
  return { records, position };
}

/** Why transactions are refused wherever they show. */
export const NO_TRANSACTIONS = 'The emulator has no transactions: leave out the transactional id.';

function batchFault(bytes: Buffer): KafkaError | undefined {
  if (bytes.length > MAX_MESSAGE_SIZE) {
    return kafkaError(
      'MESSAGE_TOO_LARGE',
      `A batch of ${bytes.length} bytes; at most ${MAX_MESSAGE_SIZE} are taken.`,
    );
  }
  if (bytes.length <= AT.magic) return kafkaError('CORRUPT_MESSAGE', 'There is no whole record batch.');
  if (bytes[AT.magic] !== 2)
    return kafkaError('INVALID_RECORD', 'Only record batches of format version 2 are taken.');
  const end = BEFORE_LENGTH + bytes.readInt32BE(AT.length);
  if (end < HEADER_SIZE || end > bytes.length)
    return kafkaError('CORRUPT_MESSAGE', 'The record batch is cut.');
  if (end < bytes.length)
    return kafkaError('INVALID_RECORD', 'One record batch for each partition, not more.');
  if (crc32c(bytes.subarray(AT.attributes)) !== bytes.readUInt32BE(AT.crc)) {
    return kafkaError('CORRUPT_MESSAGE', 'The checksum of the record batch is wrong.');
  }
  return undefined;
}

function readRecords(bytes: Buffer, count: number): KafkaRecord[] | KafkaError {
  const reader = new RequestReader(bytes);
  const records: KafkaRecord[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const end = reader.peekVarInt() + sizeOfLength(reader) + reader.position;
      const record = readRecord(reader);
      if (reader.position !== end || record.offsetDelta !== index) {
        return kafkaError('INVALID_RECORD', `Record ${index} of the batch does not add up.`);
      }
      if (record.headers.some(([name]) => name === null)) {
        return kafkaError('INVALID_RECORD', `Record ${index} of the batch has a header without a name.`);
      }
      records.push(record);
    }
  } catch {
    // The reader's complaints, and the library's about positions behind the end.
    return kafkaError('INVALID_RECORD', `Record ${records.length} of the batch is not whole.`);
  }
  if (reader.remaining > 0) return kafkaError('INVALID_RECORD', 'There are bytes behind the last record.');
  return records;
}

/** How many bytes the length of the next record takes. */
function sizeOfLength(reader: RequestReader): number {
  let bytes = 1;
  while (reader.peekUnsignedInt8(reader.position + bytes - 1) & 0x80) bytes++;
  return bytes;
}
