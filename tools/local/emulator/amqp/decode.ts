/** Reads AMQP 1.0 values (OASIS standard, part 1.6) into JavaScript: for performatives and requests, never for events. */
import { endOfContent, endOfValue, MAX_DEPTH, MalformedAmqp } from './walk.ts';

/**
 * A decoded value. Strings, symbols and chars are text; 64-bit numbers outside of the safe range are bigints; of a described
 * value only the value is kept; decimals and UUIDs are their bytes.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Buffer
  | readonly Value[]
  | ReadonlyMap<Value, Value>;

/** The value that begins at `at`. Throws MalformedAmqp. */
export function decodeValue(bytes: Buffer, at: number, depth = 0): Value {
  if (depth > MAX_DEPTH) throw new MalformedAmqp(`values are nested too deeply at byte ${at}`);
  const code = bytes[at];
  if (code === 0x00) return decodeValue(bytes, endOfValue(bytes, at + 1), depth + 1);
  const end = endOfValue(bytes, at);
  return decodeContent(bytes, code!, at + 1, end, depth);
}

/** The elements of an encoded list, each by its own bytes; those that were left out at its end are missing here too. */
export function listElements(bytes: Buffer, at: number): Buffer[] {
  const code = bytes[at];
  const end = endOfValue(bytes, at);
  if (code === 0x45) return [];
  if (code !== 0xc0 && code !== 0xd0) throw new MalformedAmqp(`the value at byte ${at} is not a list`);
  const elements: Buffer[] = [];
  for (let next = at + (code === 0xc0 ? 3 : 9); next < end; ) {
    const after = endOfValue(bytes, next);
    if (after > end) throw new MalformedAmqp(`the list at byte ${at} is shorter than its elements`);
    elements.push(bytes.subarray(next, after));
    next = after;
  }
  return elements;
}

/** What stands between a type code and the end of its value. */
function decodeContent(bytes: Buffer, code: number, at: number, end: number, depth: number): Value {
  switch (code) {
    case 0x40:
      return null;
    case 0x41:
      return true;
    case 0x42:
      return false;
    case 0x56:
      return bytes[at] === 1;
    case 0x43:
    case 0x44:
      return 0;
    case 0x45:
      return [];
    case 0x73:
      return codePoint(bytes.readUInt32BE(at));
    case 0x83:
      return new Date(Number(bytes.readBigInt64BE(at)));
    case 0xa1:
    case 0xa3:
      return bytes.toString('utf8', at + 1, end);
    case 0xb1:
    case 0xb3:
      return bytes.toString('utf8', at + 4, end);
    case 0xa0:
      return bytes.subarray(at + 1, end);
    case 0xb0:
      return bytes.subarray(at + 4, end);
    case 0xc0:
    case 0xd0:
      return decodeSequence(bytes, at + (code === 0xc0 ? 2 : 8), end, depth);
    case 0xc1:
    case 0xd1:
      return decodeMap(bytes, at + (code === 0xc1 ? 2 : 8), end, depth);
    case 0xe0:
    case 0xf0:
      return decodeArray(bytes, at + (code === 0xe0 ? 1 : 4), code === 0xe0 ? 1 : 4, end, depth);
    default:
      return decodeNumber(bytes, code, at, end);
  }
}

function decodeNumber(bytes: Buffer, code: number, at: number, end: number): Value {
  switch (code) {
    case 0x50:
    case 0x52:
    case 0x53:
      return bytes.readUInt8(at);
    case 0x51:
    case 0x54:
    case 0x55:
      return bytes.readInt8(at);
    case 0x60:
      return bytes.readUInt16BE(at);
    case 0x61:
      return bytes.readInt16BE(at);
    case 0x70:
      return bytes.readUInt32BE(at);
    case 0x71:
      return bytes.readInt32BE(at);
    case 0x72:
      return bytes.readFloatBE(at);
    case 0x82:
      return bytes.readDoubleBE(at);
    case 0x80:
      return narrowed(bytes.readBigUInt64BE(at));
    case 0x81:
      return narrowed(bytes.readBigInt64BE(at));
    default:
      return bytes.subarray(at, end);
  }
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function codePoint(code: number): string {
  if (code > 0x10ffff) throw new MalformedAmqp(`there is no character ${code}`);
  return String.fromCodePoint(code);
}

function decodeSequence(bytes: Buffer, first: number, end: number, depth: number): Value[] {
  if (first > end) throw new MalformedAmqp(`the list before byte ${first} has no count`);
  const values: Value[] = [];
  for (let at = first; at < end; ) {
    const next = endOfValue(bytes, at);
    // What reaches beyond its list would be read again by every list around it.
    if (next > end) throw new MalformedAmqp(`the list before byte ${first} is shorter than its elements`);
    values.push(decodeValue(bytes, at, depth + 1));
    at = next;
  }
  return values;
}

function decodeMap(bytes: Buffer, first: number, end: number, depth: number): Map<Value, Value> {
  const values = decodeSequence(bytes, first, end, depth);
  if (values.length % 2 === 1) throw new MalformedAmqp('a key of a map has no value');
  const map = new Map<Value, Value>();
  for (let at = 0; at < values.length; at += 2) map.set(values[at]!, values[at + 1]!);
  return map;
}

/** The elements share one type code, which stands before the first. */
function decodeArray(bytes: Buffer, at: number, width: 1 | 4, end: number, depth: number): Value[] {
  if (at + width >= end) throw new MalformedAmqp(`the array at byte ${at} has no type`);
  if (depth > MAX_DEPTH) throw new MalformedAmqp(`values are nested too deeply at byte ${at}`);
  const count = width === 1 ? bytes.readUInt8(at) : bytes.readUInt32BE(at);
  const code = bytes[at + width]!;
  // Elements without content would take no bytes: their number would say nothing about the size of the message.
  if (code === 0x00 || count > end - at) throw new MalformedAmqp(`the array at byte ${at} is not supported`);
  const values: Value[] = [];
  for (let next = at + width + 1; values.length < count; ) {
    const after = endOfContent(bytes, next, code);
    if (after > end) throw new MalformedAmqp(`the array at byte ${at} is shorter than its elements`);
    values.push(decodeContent(bytes, code, next, after, depth + 1));
    next = after;
  }
  return values;
}
