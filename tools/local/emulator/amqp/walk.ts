/**
 * Walks over encoded AMQP 1.0 values (OASIS standard, parts 1.6 and 3.2) without decoding them, so what a producer
 * sent is kept byte for byte; a decode and encode would lose integer widths, Buffers and invalid UTF-8.
 */

/** Descriptor codes of the sections of a message (AMQP 1.0, 3.2). */
export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

/** One section of an encoded message: `start` is its descriptor, `value` its content, `end` is exclusive. */
export interface Section {
  code: number;
  start: number;
  value: number;
  end: number;
}

/** One entry of an encoded map. `key` is '' for keys that are not text. */
export interface MapEntry {
  key: string;
  start: number;
  value: number;
  end: number;
}

/** The bytes are not a valid encoding. */
export class MalformedAmqp extends Error {
  override name = 'MalformedAmqp';
}

/** Values described by values, or inside each other, at most so many: bytes from a client must not exhaust the stack. */
export const MAX_DEPTH = 32;

/** Position after the encoded value that begins at `at`. Throws when the value does not fit into `bytes`. */
export function endOfValue(bytes: Buffer, at: number, depth = 0): number {
  const code = bytes[at];
  if (code === undefined) throw new MalformedAmqp(`a value is missing at byte ${at}`);
  if (code !== 0) return endOfContent(bytes, at + 1, code);
  // 0x00 announces a described value: a descriptor, then the value itself.
  if (depth > MAX_DEPTH) throw new MalformedAmqp(`values are nested too deeply at byte ${at}`);
  return endOfValue(bytes, endOfValue(bytes, at + 1, depth + 1), depth + 1);
}

/** Position after the content that begins at `at`, behind its type code. The elements of an array share one code. */
export function endOfContent(bytes: Buffer, at: number, code: number): number {
  const end = at + contentSize(bytes, at, code);
  if (end > bytes.length) throw new MalformedAmqp(`the value at byte ${at} is longer than the message`);
  return end;
}

/** The upper four bits of a type code say how the size of a value is found (AMQP 1.0, 1.2). */
function contentSize(bytes: Buffer, at: number, code: number): number {
  switch (code >>> 4) {
    case 0x4:
      return 0;
    case 0x5:
      return 1;
    case 0x6:
      return 2;
    case 0x7:
      return 4;
    case 0x8:
      return 8;
    case 0x9:
      return 16;
    case 0xa:
    case 0xc:
    case 0xe:
      return 1 + readSize(bytes, at, 1);
    case 0xb:
    case 0xd:
    case 0xf:
      return 4 + readSize(bytes, at, 4);
    default:
      throw new MalformedAmqp(`unknown type code 0x${code.toString(16)} before byte ${at}`);
  }
}

function readSize(bytes: Buffer, at: number, width: 1 | 4): number {
  if (at + width > bytes.length) throw new MalformedAmqp(`a size is missing at byte ${at}`);
  return width === 1 ? bytes.readUInt8(at) : bytes.readUInt32BE(at);
}

/** The sections of an encoded message, in their order. */
export function readSections(bytes: Buffer): Section[] {
  const sections: Section[] = [];
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at] === 0x00 ? descriptorCode(bytes, at + 1) : undefined;
    if (code === undefined) throw new MalformedAmqp(`no message section at byte ${at}`);
    const value = endOfValue(bytes, at + 1);
    const end = endOfValue(bytes, value);
    sections.push({ code, start: at, value, end });
    at = end;
  }
  return sections;
}

/** Section descriptors are small or full unsigned longs; the symbolic form is not used by Event Hubs clients. */
export function descriptorCode(bytes: Buffer, at: number): number | undefined {
  if (bytes[at] === 0x53) return bytes[at + 1];
  if (bytes[at] === 0x80 && at + 9 <= bytes.length) return Number(bytes.readBigUInt64BE(at + 1));
  return undefined;
}

/** The content of an encoded binary value, without copying it. */
export function readBinary(bytes: Buffer, at: number): Buffer {
  const end = endOfValue(bytes, at);
  if (bytes[at] === 0xa0) return bytes.subarray(at + 2, end);
  if (bytes[at] === 0xb0) return bytes.subarray(at + 5, end);
  throw new MalformedAmqp(`the value at byte ${at} is not binary`);
}

/** The text of an encoded string or symbol; undefined for other types. */
export function readText(bytes: Buffer, at: number): string | undefined {
  const code = bytes[at];
  const end = endOfValue(bytes, at);
  if (code === 0xa1 || code === 0xa3) return bytes.toString('utf8', at + 2, end);
  if (code === 0xb1 || code === 0xb3) return bytes.toString('utf8', at + 5, end);
  return undefined;
}

/** The entries of an encoded map; a null in the place of a map has none. */
export function readMap(bytes: Buffer, at: number): MapEntry[] {
  const code = bytes[at];
  if (code === 0x40) return [];
  if (code !== 0xc1 && code !== 0xd1) throw new MalformedAmqp(`the value at byte ${at} is not a map`);
  const end = endOfValue(bytes, at);
  // Behind the type code: the size, then the number of values, each one or four bytes wide.
  let position = at + (code === 0xc1 ? 3 : 9);
  const entries: MapEntry[] = [];
  while (position < end) {
    const value = endOfValue(bytes, position);
    const next = endOfValue(bytes, value);
    if (next > end) throw new MalformedAmqp(`the map at byte ${at} is shorter than its entries`);
    entries.push({ key: readText(bytes, position) ?? '', start: position, value, end: next });
    position = next;
  }
  return entries;
}
