/**
 * The file format of a partition: records one after another, each
 *   u32 length of the message | u32 CRC-32 of all that follows | i64 sequence number | i64 enqueued time | message
 * in big endian. The position of a record in the file is the offset of its event.
 */
import { fstatSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

export const RECORD_HEADER_SIZE = 24;
const CRC_START = 8;
const SCAN_CHUNK = 4 * 1024 * 1024;

/** One record, ready to be written. */
export function encodeRecord(message: Buffer, sequenceNumber: number, enqueuedTime: number): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEADER_SIZE + message.length);
  record.writeUInt32BE(message.length, 0);
  record.writeBigInt64BE(BigInt(sequenceNumber), 8);
  record.writeBigInt64BE(BigInt(enqueuedTime), 16);
  message.copy(record, RECORD_HEADER_SIZE);
  record.writeUInt32BE(crc32(record.subarray(CRC_START)), 4);
  return record;
}

export interface ScannedRecord {
  position: number;
  sequenceNumber: number;
  enqueuedTime: number;
}

/**
 * Reads all records from the start and returns the position after the last whole one.
 *
 * A process that is killed in the middle of a write leaves the beginning of that write, so an unfinished record
 * at the end of the file was never acknowledged and may be cut off. A wrong checksum with more bytes behind it
 * is something else, damage: cutting there would silently lose acknowledged events, so that throws.
 */
export function scanRecords(file: number, name: string, onRecord: (record: ScannedRecord) => void): number {
  const size = fstatSync(file).size;
  const read = chunkReader(file);
  let position = 0;
  for (let count = 0; position < size; count++) {
    const header = read(position, RECORD_HEADER_SIZE);
    if (header.length < RECORD_HEADER_SIZE) break;
    const end = position + RECORD_HEADER_SIZE + header.readUInt32BE(0);
    if (end > size) break;
    const record = read(position, end - position);
    const sequenceNumber = Number(record.readBigInt64BE(8));
    if (crc32(record.subarray(CRC_START)) !== record.readUInt32BE(4) || sequenceNumber !== count) {
      if (end === size) break;
      throw new Error(
        `${name} is damaged at byte ${position}. Delete the emulator's directory to start afresh.`,
      );
    }
    onRecord({ position, sequenceNumber, enqueuedTime: Number(record.readBigInt64BE(16)) });
    position = end;
  }
  return position;
}

/** Serves small reads in ascending order from large chunks. The answer is shorter at the end of the file. */
function chunkReader(file: number): (position: number, length: number) => Buffer {
  let chunk = Buffer.alloc(0);
  let chunkStart = 0;
  return (position, length) => {
    if (position + length > chunkStart + chunk.length) {
      chunk = Buffer.allocUnsafe(Math.max(length, SCAN_CHUNK));
      chunk = chunk.subarray(0, readSync(file, chunk, 0, chunk.length, position));
      chunkStart = position;
    }
    return chunk.subarray(position - chunkStart, position - chunkStart + length);
  };
}
