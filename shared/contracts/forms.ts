import { isUtf8 } from 'node:buffer';
import { connectorMessage, isDelete, isUnavailable } from './debezium.ts';
import { FloatingPoint, isObject, type JsonObject, NumberText } from './json.ts';

/**
 * What arrived where something else was expected, in words (SPEC 2.4): the form of it, never a value. Names of members are
 * shown only where they are on the list of those that are widely used. Only asked of what was rejected.
 */

/** Names that say nothing about anybody. */
const KNOWN_MEMBERS = new Set(
  (
    'amount value currency currencyCode currency_code units nanos scale unscaledValue ' +
    'seconds millis micros epochSecond epochMillis nano date time timestamp offset ' +
    'string int long double float boolean bytes array map null S N B M L ' +
    '$numberDecimal $numberLong $numberInt $numberDouble $date $oid $timestamp ' +
    'id type name code zone data payload schema before after op source'
  ).split(' '),
);
/** Members whose value is that of the whole, the likeliest first. */
const VALUE_MEMBERS = 'value amount string long int double $numberDecimal $numberLong $date $oid S N'.split(
  ' ',
);
/** Members that a record is often wrapped in. */
const WRAPPERS = new Set('payload data body record value message event detail after new'.split(' '));

const SIGNATURES: readonly (readonly [bytes: string, form: string])[] = [
  ['1f8b', 'gzip'],
  ['504b0304', 'a ZIP archive'],
  ['28b52ffd', 'zstd'],
  ['04224d18', 'LZ4'],
  ['ff060000734e61507059', 'Snappy'],
  ['425a68', 'bzip2'],
  ['fd377a585a00', 'xz'],
  ['7801', 'zlib'],
  ['789c', 'zlib'],
  ['78da', 'zlib'],
  ['aced0005', 'a serialized object of Java'],
  ['50415231', 'Parquet'],
  ['25504446', 'a PDF'],
  ['4f626a01', 'an Avro file'],
  ['c301', 'Avro with the header of a single object'],
  ['fffe0000', 'UTF-32 with a byte order mark'],
  ['0000feff', 'UTF-32 with a byte order mark'],
  ['fffe', 'UTF-16 with a byte order mark'],
  ['feff', 'UTF-16 with a byte order mark'],
];
/** Byte 0 and four bytes of the schema's id, as the serializers of registries write them. */
const REGISTRY_HEADER = 5;

/** What bytes are that are no JSON object in UTF-8. */
export function formOfBytes(body: Buffer): string {
  const start = body.subarray(0, 12).toString('hex');
  const known = SIGNATURES.find(([bytes]) => start.startsWith(bytes));
  if (known !== undefined) return known[1];
  if (body[0] === 0 && body.length > REGISTRY_HEADER) {
    const rest = body.subarray(REGISTRY_HEADER);
    return isUtf8(rest) && /^\s*[[{]/.test(rest.subarray(0, 64).toString('latin1'))
      ? "a registry's schema id, then JSON (the wire format of a schema registry)"
      : "a registry's schema id, then binary data such as Avro (the wire format of a schema registry)";
  }
  if (looksLikeUtf16(body)) return 'UTF-16 without a byte order mark';
  if (isUtf8(body)) return formOfText(body.toString('utf8'));
  return isKorean(body)
    ? 'text in CP949 or EUC-KR, which is no UTF-8'
    : 'neither UTF-8 nor a format that is known here';
}

/** Every other byte of it is 0, as in UTF-16 of Latin letters. */
function looksLikeUtf16(body: Buffer): boolean {
  const some = body.subarray(0, 64);
  if (some.length < 4 || body.length % 2 !== 0) return false;
  const zerosAt = (parity: number) => some.every((byte, index) => (index % 2 === parity) === (byte === 0));
  return zerosAt(0) || zerosAt(1);
}

function isKorean(body: Buffer): boolean {
  try {
    return /[가-힣]/.test(new TextDecoder('euc-kr', { fatal: true }).decode(body));
  } catch {
    return false;
  }
}

function formOfText(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'white space only';
  const lines = trimmed.split(/\r?\n/);
  if (lines.length > 1 && lines.every((line) => parsed(line) !== undefined)) {
    return `several JSON values, one in each of ${lines.length} lines`;
  }
  if (trimmed.startsWith('{') && trimmed.endsWith('}') && /\}\s*\{/.test(trimmed))
    return 'several JSON objects, one after the other';
  if (trimmed.startsWith('<')) return 'XML or HTML';
  if (
    /^[A-Za-z0-9+/]{16,}={0,2}$/.test(trimmed) &&
    isJsonObject(Buffer.from(trimmed, 'base64').toString('utf8'))
  ) {
    return 'base64 that holds JSON';
  }
  if (/^[{[]\s*'/.test(trimmed)) return 'JSON with single quotes';
  if (/[:[,]\s*-?(?:NaN|Infinity)\b/.test(trimmed))
    return 'JSON with NaN or Infinity, which it does not have';
  if (/^[\w.%+-]+=[^{}]*$/.test(trimmed)) return 'the fields of a form';
  if (/^[{["]/.test(trimmed))
    return /[}\]"]$/.test(trimmed) ? 'text like JSON, with an error in it' : 'JSON that is cut off';
  return 'text that is no JSON';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isJsonText(value: unknown): boolean {
  return typeof value === 'string' && isJsonObject(value);
}

function isJsonObject(text: string): boolean {
  const value = parsed(text);
  return typeof value === 'object' && value !== null;
}

/** What a JSON value is that is no object. */
export function formOfJson(value: unknown): string {
  if (value === null) return 'the JSON value null';
  if (Array.isArray(value)) {
    const records = value.length > 0 && value.every(isObject);
    return `an array of ${records ? counted(value.length, 'record') : value.length}`;
  }
  return typeof value === 'string' && isJsonObject(value)
    ? 'a JSON string that holds JSON'
    : formOfValue(value);
}

/** What a whole payload is that lacks a record's fields; undefined where it is nothing that is known. */
export function formOfPayload(payload: JsonObject): string | undefined {
  const form = formOfMessage(payload);
  if (form !== undefined) return form;
  const objects = Object.keys(payload).filter((name) => isObject(payload[name]));
  const [name = ''] = objects;
  if (objects.length === 1 && WRAPPERS.has(name))
    return `an object whose record may be in its member ${name}`;
  const inText = Object.keys(payload).find(
    (member) => WRAPPERS.has(member.toLowerCase()) && isJsonText(payload[member]),
  );
  return inText === undefined
    ? undefined
    : `an object whose record may be in the JSON text of its member ${inText}`;
}

/** What a message is, among the kinds that are widely used; undefined for any other. */
export function formOfMessage(payload: JsonObject): string | undefined {
  const has = (...names: readonly string[]) => names.every((name) => Object.hasOwn(payload, name));
  if (has('specversion', 'type')) return `a CloudEvent${has('data_base64') ? ' with data in base64' : ''}`;
  const ofConnector = connectorMessage(payload);
  if (ofConnector !== undefined) return ofConnector;
  if (isChange(payload)) return isDelete(payload) ? 'a delete in a Debezium envelope' : 'a Debezium envelope';
  if (has('payload', 'schema')) {
    const { payload: inner } = payload;
    if (inner === null) return 'a record of Kafka Connect with its schema, and no payload';
    return isObject(inner) && isChange(inner)
      ? `a ${isDelete(inner) ? 'delete in a ' : ''}Debezium envelope, inside schema and payload`
      : 'a record of Kafka Connect with its schema';
  }
  if (has('database', 'table', 'data')) return 'a change record of Maxwell or Canal';
  if (has('eventType', 'eventID', 'dynamodb')) return 'a change record of DynamoDB';
  return has('operationType', 'ns') ? 'a change event of MongoDB' : undefined;
}

function isChange(value: JsonObject): boolean {
  const has = (name: string) => Object.hasOwn(value, name);
  return has('op') && (has('after') || has('before') || has('source'));
}

/** What a value is that its field can't take. */
export function formOfValue(value: unknown): string {
  if (typeof value === 'boolean') return 'a boolean';
  if (typeof value === 'number') return formOfNumber(String(value));
  if (value instanceof NumberText) return formOfNumber(value.text);
  if (value instanceof FloatingPoint) return 'a floating-point number';
  if (Array.isArray(value)) return formOfArray(value);
  if (typeof value === 'object' && value !== null) return formOfObject(value as JsonObject);
  return typeof value === 'string' ? formOfString(value) : 'nothing';
}

function formOfArray(values: readonly unknown[]): string {
  const all = (is: (value: unknown) => boolean) => values.length > 0 && values.every(is);
  if (all((value) => typeof value === 'number' || value instanceof NumberText)) {
    return `an array of ${counted(values.length, 'number')}`;
  }
  if (all((value) => typeof value === 'string')) return `an array of ${counted(values.length, 'string')}`;
  return `an array of ${all(isObject) ? counted(values.length, 'object') : values.length}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function formOfNumber(text: string): string {
  if (/[eE]/.test(text)) return 'a number with an exponent';
  const digits = text.replace(/^-/, '');
  const sign = text.startsWith('-') ? ' and a sign' : '';
  const [whole = '', fraction] = digits.split('.');
  if (fraction !== undefined)
    return `a number of ${counted(whole.length, 'digit')}, ${fraction.length} behind the point${sign}`;
  return `an integer of ${counted(whole.length, 'digit')}${sign}`;
}

/** `2026/11/26 10:02`, `26.11.2026`, `2026-W48-4`, `10:02:03`, `Thu, 26 Nov 2026 ...`, `Nov 26, 2026 ...` */
const OTHER_TIME =
  /^\d{4}[./]\d{1,2}[./]\d{1,2}(?:\D|$)|^\d{1,2}[./-]\d{1,2}[./-]\d{4}(?:\D|$)|^\d{4}-W\d\d|^\d{1,2}:\d\d(?::\d\d)?(?:\D|$)|^[+-]\d{5,}-\d\d-\d\dT|^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4}|^[A-Z][a-z]{2}[a-z]* \d{1,2}, \d{4}/;

function formOfString(text: string): string {
  if (isUnavailable(text)) {
    return "Debezium's placeholder for a large value that was not changed";
  }
  if (/^\d+$/.test(text)) return `a string of ${counted(text.length, 'digit')}`;
  if (/^-?0\d+(?:\.\d+)?$/.test(text)) return 'a number with zeros before it, as a string';
  if (/^-?\d+\.\d+$/.test(text)) return 'a decimal number as a string';
  if (/^[+-]?(?:nan|infinity|inf)$/i.test(text)) return 'NaN or infinity as a string';
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/i.test(text)) {
    if (/\[[^\]]+\]$/.test(text)) return 'a timestamp with the name of a zone in brackets';
    if (/^.{16}(?:Z|[+-]\d\d:?\d\d)?$/i.test(text)) return 'a timestamp without seconds';
    return 'a timestamp that is out of range, or has another error';
  }
  if (/^\/Date\(-?\d+(?:[+-]\d{4})?\)\/$/.test(text))
    return "a time as .NET's older serializers write it, /Date(...)/";
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return 'a date without a time';
  if (/^\d{4}\d\d\d\dT?\d{6}/.test(text)) return 'a timestamp without separators';
  if (OTHER_TIME.test(text)) return 'a date or a time of another form';
  if (/^[+-]?\d{1,3}(?:[ ,.'_]\d{3})+(?:[.,]\d+)?$/.test(text))
    return 'a number with separators of thousands';
  if (/^[+-]?\d+,\d+$/.test(text)) return 'a number with a decimal comma';
  if (/^[+-]?\d+(?:\.\d+)?[eE][+-]?\d+$/.test(text)) return 'a number with an exponent as a string';
  if (/^[+-]?[\d.]+$/.test(text)) return 'digits, signs and points that are no number of JSON';
  if (/^\p{Sc} ?-?\d|\d ?\p{Sc}$|^[A-Z]{3} ?-?\d|^-?[\d,.]+ ?(?:[A-Z]{3}|원|円|元)$/u.test(text))
    return 'an amount with its currency';
  if (isJsonObject(text)) return 'a string that holds JSON';
  if (/^[A-Za-z0-9+/]{2,}={0,2}$/.test(text) && text.length % 4 === 0) {
    return `a string of ${text.length} characters that can be base64`;
  }
  return `a string of ${counted(text.length, 'character')}`;
}

function formOfObject(object: JsonObject): string {
  const names = Object.keys(object);
  const known = names.filter((name) => KNOWN_MEMBERS.has(name));
  const others = names.length - known.length;
  const member = VALUE_MEMBERS.find((name) => known.includes(name));
  if (names.length === 0) return 'an object without members';
  const list = known.length === 0 ? '' : ` ${known.join(', ')}`;
  const more = others === 0 ? '' : known.length === 0 ? ` of other names (${others})` : ` and ${others} more`;
  return `an object with member${names.length === 1 ? '' : 's'}${list}${more}${member === undefined ? '' : `; the profile can name the path to its ${member}`}`;
}
