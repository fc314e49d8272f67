import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka';
import { type KafkaError, kafkaError } from './errors.ts';
import { CODEC } from './limits.ts';

/** What a batch may become when it is expanded: several times of what clients put into one. */
const MAX_EXPANDED = 4 * 1024 * 1024;

/** A batch's records, expanded. The codecs are Node's and the library's. */
export function expand(bytes: Buffer, codec: number): Buffer | KafkaError {
  if (codec === CODEC.none) return bytes;
  const library = compressionsAlgorithmsByBitmask[codec];
  if (library === undefined) return kafkaError('UNSUPPORTED_COMPRESSION_TYPE');
  try {
    switch (codec) {
      case CODEC.gzip:
        return gunzipSync(bytes, { maxOutputLength: MAX_EXPANDED });
      case CODEC.zstd:
        return zstdDecompressSync(bytes, { maxOutputLength: MAX_EXPANDED });
      case CODEC.lz4:
        return lz4Bound(bytes) > MAX_EXPANDED ? tooLarge() : library.decompressSync(bytes);
      default:
        return snappySize(bytes) > MAX_EXPANDED ? tooLarge() : library.decompressSync(bytes);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge();
    return kafkaError('CORRUPT_MESSAGE', 'The records cannot be decompressed.');
  }
}

function tooLarge(): KafkaError {
  return kafkaError('MESSAGE_TOO_LARGE', `A batch may expand to ${MAX_EXPANDED} bytes.`);
}

/** What one byte of an LZ4 block can become at most. */
const LZ4_RATIO = 255;
const LZ4_FLAG = { blockChecksum: 0x10, contentSize: 0x08, dictionary: 0x01 } as const;

/**
 * The most that an LZ4 frame can expand to, by its blocks: the library takes no limit, and a frame of a megabyte can
 * ask for a quarter of a gigabyte.
 */
function lz4Bound(frame: Buffer): number {
  const flags = frame.readUInt8(4);
  // 4 to 7 stand for 64 KiB to 4 MiB, in steps of four.
  const blockLimit = 2 ** (8 + 2 * ((frame.readUInt8(5) >>> 4) & 0b111));
  const checksum = flags & LZ4_FLAG.blockChecksum ? 4 : 0;
  let at = 7 + (flags & LZ4_FLAG.contentSize ? 8 : 0) + (flags & LZ4_FLAG.dictionary ? 4 : 0);
  let bound = 0;
  while (at + 4 <= frame.length) {
    const size = frame.readUInt32LE(at) & 0x7fff_ffff;
    if (size === 0) break;
    bound += Math.min(blockLimit, size * LZ4_RATIO);
    at += 4 + size + checksum;
  }
  return bound;
}

/** What begins Snappy as Java writes it: in chunks, behind a header of sixteen bytes. */
const XERIAL = Buffer.from('\x82SNAPPY\0', 'latin1');
const XERIAL_HEADER_SIZE = 16;

/** What Snappy says that it expands to: the library takes memory for that before it looks at the rest. */
function snappySize(bytes: Buffer): number {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyLength(bytes);
  let size = 0;
  for (let at = XERIAL_HEADER_SIZE; at + 4 <= bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    size += snappyLength(bytes.subarray(at + 4));
  }
  return size;
}

/** The number that a chunk begins with, in groups of seven bits, the lowest first. */
function snappyLength(bytes: Buffer): number {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes.readUInt8(at);
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length;
  }
  return length;
}
