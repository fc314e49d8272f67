/**
 * The few parts of the AMQP 1.0 encoding (OASIS standard, parts 1.6 and 3.2) that the emulator reads and
 * writes itself. It walks over encoded values without decoding them, so what a producer sent is kept byte
 * for byte; a decode and encode would lose integer widths, Buffers and invalid UTF-8.
 */

/** Descriptor codes of the sections of a message (AMQP 1.0, 3.2). */
export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  applicationProperties: 0x74,
  data: 0x75,
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

/** Position after the encoded value that begins at `at`. Throws when the value does not fit into `bytes`. */
export function endOfValue(bytes: Buffer, at: number): number {
  const code = bytes[at];
  if (code === undefined) throw new MalformedAmqp(`a value is missing at byte ${at}`);
  // 0x00 announces a described value: a descriptor, then the value itself.
  const end = code === 0 ? endOfValue(bytes, endOfValue(bytes, at + 1)) : at + 1 + bodySize(bytes, at, code);
  if (end > bytes.length) throw new MalformedAmqp(`the value at byte ${at} is longer than the message`);
  return end;
}

/** The upper four bits of a type code say how the size of a value is found (AMQP 1.0, 1.2). */
function bodySize(bytes: Buffer, at: number, code: number): number {
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
      return 1 + readSize(bytes, at + 1, 1);
    case 0xb:
    case 0xd:
    case 0xf:
      return 4 + readSize(bytes, at + 1, 4);
    default:
      throw new MalformedAmqp(`unknown type code 0x${code.toString(16)} at byte ${at}`);
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
function descriptorCode(bytes: Buffer, at: number): number | undefined {
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

/** A symbol of up to 255 ASCII characters. */
export function encodeSymbol(text: string): Buffer {
  return Buffer.concat([Buffer.of(0xa3, text.length), Buffer.from(text, 'ascii')]);
}

/** A string of up to 255 bytes of UTF-8. */
export function encodeShortString(text: string): Buffer {
  const content = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.of(0xa1, content.length), content]);
}

/** A string of any length. */
export function encodeString(text: string): Buffer {
  return encodeVariable(0xa1, 0xb1, Buffer.from(text, 'utf8'));
}

/** Bytes of any length. */
export function encodeBinary(content: Buffer): Buffer {
  return encodeVariable(0xa0, 0xb0, content);
}

export function encodeNull(): Buffer {
  return Buffer.of(0x40);
}

/** Content behind its type code and its size, which takes one byte or four. */
function encodeVariable(shortCode: number, longCode: number, content: Buffer): Buffer {
  if (content.length <= 255) return Buffer.concat([Buffer.of(shortCode, content.length), content]);
  const head = Buffer.allocUnsafe(5);
  head[0] = longCode;
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

/** A long (64 bits, signed). */
export function encodeLong(value: number): Buffer {
  return encode64(0x81, value);
}

/** A timestamp: milliseconds since 1970 in UTC. */
export function encodeTimestamp(milliseconds: number): Buffer {
  return encode64(0x83, milliseconds);
}

function encode64(code: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = code;
  bytes.writeBigInt64BE(BigInt(value), 1);
  return bytes;
}

/** A whole section that holds a map of `count` entries, given as encoded keys and values in turn. */
export function encodeMapSection(code: number, count: number, entries: readonly Buffer[]): Buffer {
  const length = entries.reduce((sum, entry) => sum + entry.length, 0);
  const head = Buffer.allocUnsafe(12);
  head.set([0x00, 0x53, code, 0xd1]);
  head.writeUInt32BE(4 + length, 4); // the size counts the four bytes of the count
  head.writeUInt32BE(2 * count, 8); // a map counts keys and values
  return Buffer.concat([head, ...entries], 12 + length);
}

/** A whole section that holds bytes. */
export function encodeBinarySection(code: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x00, 0x53, code), encodeBinary(content)]);
}
