import { AvroInput } from './avroInput.ts';
import { parseJson } from './decode.ts';
import { isObject } from './json.ts';
import { type Microseconds, readTimestamp } from './timestamp.ts';
import { readIdentifier } from './values.ts';

/** Byte 0 and four bytes of a schema's id, as a key in binary is kept. */
const WIRE_FORMAT = /^\\x00[0-9a-f]{8}((?:[0-9a-f]{2})+)$/;

/**
 * Whether the broker's key is a record's id (SPEC 2, 2.4): as text, or as a converter of Kafka Connect writes a key in JSON, which
 * is a text, an integer, or an object with one member that is the id; each also inside `schema` and `payload`; or the serializer
 * of a registry, JSON or Avro.
 */
export function isKeyOf(key: string, id: string): boolean {
  if (key === id) return true;
  const wireFormat = WIRE_FORMAT.exec(key);
  if (wireFormat !== null) return isInWireFormat(Buffer.from(wireFormat[1]!, 'hex'), id);
  // Neither begins an integer, whose text is the key itself.
  if (!key.startsWith('{') && !key.startsWith('"')) return false;
  const value = parseJson(key);
  const isWrapped = isObject(value) && Object.keys(value).sort().join() === 'payload,schema';
  const inner = isWrapped ? value['payload'] : value;
  const members = isObject(inner) ? Object.values(inner) : [inner];
  return members.length === 1 && readIdentifier(members[0]) === id;
}

/** As {@link isKeyOf}, of a control total (SPEC 15): `{topic}|{window_start}`, in any form of a timestamp. */
export function isKeyOfWindow(key: string, topic: string, windowStart: Microseconds): boolean {
  const bar = key.indexOf('|');
  const utc = (local: Microseconds) => local;
  return key.slice(0, bar) === topic && readTimestamp(key.slice(bar + 1), utc) === windowStart;
}

/** A record of Avro with one field is that field's bytes, so it needs no schema; one that may be null has its branch before it. */
function isInWireFormat(bytes: Buffer, id: string): boolean {
  if (isKeyOf(bytes.toString('utf8'), id)) return true;
  const mayBeUnion = bytes[0] === 0 || bytes[0] === 2;
  const values = mayBeUnion ? [bytes, bytes.subarray(1)] : [bytes];
  return values.some((value) => AVRO_KEYS.some((read) => isValueOf(value, read, id)));
}

const AVRO_KEYS: readonly ((input: AvroInput) => string)[] = [
  (input) => input.text(),
  (input) => String(input.long()),
];

function isValueOf(bytes: Buffer, read: (input: AvroInput) => string, id: string): boolean {
  const input = new AvroInput(bytes);
  try {
    const value = read(input);
    input.end();
    return value === id;
  } catch {
    return false;
  }
}
