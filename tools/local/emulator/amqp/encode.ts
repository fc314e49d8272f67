/** Writes AMQP 1.0 values (OASIS standard, part 1.6). Each function returns the whole encoding, type code included. */

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

export function encodeBoolean(value: boolean): Buffer {
  return Buffer.of(value ? 0x41 : 0x42);
}

/** An unsigned byte. */
export function encodeUbyte(value: number): Buffer {
  return Buffer.of(0x50, value);
}

/** An unsigned short (16 bits). */
export function encodeUshort(value: number): Buffer {
  return Buffer.of(0x60, value >>> 8, value & 0xff);
}

/** An unsigned int (32 bits). */
export function encodeUint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(5);
  bytes[0] = 0x70;
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

/** An int (32 bits, signed). */
export function encodeInt(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(5);
  bytes[0] = 0x71;
  bytes.writeInt32BE(value, 1);
  return bytes;
}

/** An unsigned long (64 bits). */
export function encodeUlong(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = 0x80;
  bytes.writeBigUInt64BE(value, 1);
  return bytes;
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

/** A list of encoded values. */
export function encodeList(values: readonly Buffer[]): Buffer {
  return encodeCompound(0xd0, values.length, values);
}

/** A map of encoded keys and values in turn. */
export function encodeMap(entries: readonly Buffer[]): Buffer {
  return encodeCompound(0xd1, entries.length, entries);
}

/** An array of strings, each of up to 255 bytes of UTF-8. */
export function encodeStringArray(texts: readonly string[]): Buffer {
  return encodeArrayOf(0xa1, texts);
}

/** An array of symbols, each of up to 255 ASCII characters. */
export function encodeSymbolArray(texts: readonly string[]): Buffer {
  return encodeArrayOf(0xa3, texts);
}

/** The elements of an array share one type code, which stands before the first. */
function encodeArrayOf(code: number, texts: readonly string[]): Buffer {
  const elements = texts.map((text) => encodeShortString(text).subarray(1));
  return encodeCompound(0xf0, elements.length, [Buffer.of(code), ...elements]);
}

/** A value behind the code that says what it stands for. */
export function encodeDescribed(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x00, 0x53, code), value]);
}

function encodeCompound(code: number, count: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.allocUnsafe(9);
  head[0] = code;
  head.writeUInt32BE(4 + length, 1); // the size counts the four bytes of the count
  head.writeUInt32BE(count, 5);
  return Buffer.concat([head, ...parts], 9 + length);
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
  return encodeDescribed(code, encodeBinary(content));
}
