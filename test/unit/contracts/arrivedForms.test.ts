import assert from 'node:assert/strict';
import { brotliCompressSync, deflateSync, zstdCompressSync } from 'node:zlib';
import { test } from 'vitest';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import { normalise } from '../../../shared/contracts/normalise.ts';
import { contractOf, parseProfile } from '../../../shared/contracts/profile.ts';
import canonical from '../../../shared/profiles/canonical-v1.json' with { type: 'json' };
import { entry } from '../../../tools/proof/exampleEvents.ts';

// What a dead letter says of each: the form that arrived, and the section of the page on profiles where one can read it.

const contract = contractOf(parseProfile(canonical, 'canonical-v1'), 'ledger', 'hub') as Parameters<
  typeof normalise<'ledger'>
>[0];

function detailOf(body: Buffer | string): string {
  const decoded = decodeBody(Buffer.from(body as string));
  if (!decoded.accepted) return `${decoded.reason} ${decoded.detail}`;
  const read = normalise(contract, decoded.object, { enqueuedAt: Infinity, maxClockSkew: 0 });
  return read.accepted ? 'accepted' : `${read.reason} ${read.detail}`;
}

const VALUES: readonly (readonly [field: string, json: string, found: string])[] = [
  ['event_time', '[2026,11,26,1,2]', 'an array of 5 numbers (docs/profiles.md#formats-of-values)'],
  ['event_time', '[]', 'an array of 0'],
  ['event_time', '[2026,"11"]', 'an array of 2'],
  ['event_time', '"20261126100203"', 'a string of 14 digits'],
  ['event_time', '"20261126T100203Z"', 'a timestamp without separators'],
  ['event_time', '"2026/11/26 10:02:03"', 'a date or a time of another form'],
  ['event_time', '"26-11-2026 10:02:03"', 'a date or a time of another form'],
  ['event_time', '"Thu, 26 Nov 2026 10:02:03 GMT"', 'a date or a time of another form'],
  ['event_time', '"Nov 26, 2026 10:02:03 AM"', 'a date or a time of another form'],
  ['event_time', '"2026-11-26T24:00:00Z"', 'a timestamp that is out of range, or has another error'],
  ['event_time', '"2026-11-26T10:02:60Z"', 'a timestamp that is out of range, or has another error'],
  ['event_time', '"2026-W48-4"', 'a date or a time of another form'],
  ['event_time', '"2026-330"', 'a string of 8 characters'],
  ['event_time', '"10:02:03"', 'a date or a time of another form'],
  ['event_time', '"2026-11-26 10시 2분"', 'a string of 17 characters'],
  ['event_time', '1795600000123456789', 'an integer of 19 digits (docs/profiles.md#formats-of-values)'],
  ['event_time', '1795600000123456', 'an integer of 16 digits (docs/profiles.md#formats-of-values)'],
  ['event_time', '-1', 'an integer of 1 digit and a sign'],
  ['event_time', '1.795600000123E12', 'a number with an exponent'],
  ['event_time', '0', 'an integer of 1 digit'],
  ['event_time', '"0"', 'a string of 1 digit'],
  [
    'event_time',
    '{"$date":{"$numberLong":"1795600000123"}}',
    'an object with member $date; the profile can name the path to its $date (docs/profiles.md#format)',
  ],
  [
    'event_time',
    '{"seconds":"1795600000"}',
    'an object with member seconds (docs/profiles.md#formats-of-values)',
  ],
  ['event_time', '{"epochSecond":1795600000,"nano":0}', 'an object with members epochSecond, nano'],
  ['event_time', '{"year":2026,"month":11}', 'an object with members of other names (2)'],
  ['event_time', 'true', 'a boolean'],
  ['event_time', '"now"', 'a string of 3 characters'],
  ['event_time', '"infinity"', 'NaN or infinity as a string'],
  ['event_time', '"+12345-01-01T00:00:00Z"', 'a date or a time of another form'],
  ['event_time', '"1999-12-31T23:59:59Z"', 'a timestamp that is out of range, or has another error'],
  ['amount', '"₩1,200"', 'an amount with its currency'],
  ['amount', '"1.200,50"', 'a number with separators of thousands'],
  ['amount', '"1 200.50"', 'a number with separators of thousands'],
  ['amount', '"1’200.50"', 'a string of 8 characters'],
  ['amount', '"$12.50"', 'an amount with its currency'],
  ['amount', '"12.50 USD"', 'an amount with its currency'],
  ['amount', '"USD 12.50"', 'an amount with its currency'],
  ['amount', '"+12.50"', 'digits, signs and points that are no number of JSON'],
  ['amount', '"012.50"', 'a number with zeros before it, as a string'],
  ['amount', '".50"', 'digits, signs and points that are no number of JSON'],
  ['amount', '"12."', 'digits, signs and points that are no number of JSON'],
  ['amount', '"(12.50)"', 'a string of 7 characters'],
  ['amount', '"12.50-"', 'a string of 6 characters'],
  ['amount', '"1e400"', 'a number with an exponent as a string'],
  ['amount', '1e400', 'a number with an exponent'],
  ['amount', '"NAN"', 'NaN or infinity as a string'],
  ['amount', '"-Infinity"', 'NaN or infinity as a string'],
  ['amount', '"0x10"', 'a string of 4 characters that can be base64 (docs/profiles.md#formats-of-values)'],
  ['amount', '"１２００"', 'a string of 4 characters'],
  ['amount', '"천이백원"', 'a string of 4 characters'],
  ['amount', '"1,200원"', 'an amount with its currency'],
  [
    'amount',
    '{"scale":2,"value":"BOI="}',
    'an object with members scale, value; the profile can name the path to its value (docs/profiles.md#formats-of-values)',
  ],
  [
    'amount',
    '{"unscaledValue":1250,"scale":2}',
    'an object with members unscaledValue, scale (docs/profiles.md#formats-of-values)',
  ],
  ['amount', '{"units":12,"nanos":500000000}', 'an object with members units, nanos'],
  ['amount', '{"currencyCode":"KRW","units":"12"}', 'an object with members currencyCode, units'],
  [
    'amount',
    '{"N":"12.50"}',
    'an object with member N; the profile can name the path to its N (docs/profiles.md#format)',
  ],
  [
    'amount',
    '{"double":12.5}',
    'an object with member double; the profile can name the path to its double (docs/profiles.md#format)',
  ],
  ['amount', '{}', 'an object without members'],
  ['amount', '[]', 'an array of 0'],
  ['amount', '[12.5]', 'an array of 1 number'],
  ['amount', '"BOI="', 'a string of 4 characters that can be base64 (docs/profiles.md#formats-of-values)'],
  ['amount', '"null"', 'a string of 4 characters that can be base64 (docs/profiles.md#formats-of-values)'],
  ['amount', '"1234567890123456789012345678901234567890"', 'a string of 40 digits'],
  ['amount', '0.1234567890123456789', 'a number of 1 digit, 19 behind the point'],
  ['amount', '"{\\"value\\":12}"', 'a string that holds JSON'],
  ['tx_id', '1.5', 'a number of 1 digit, 1 behind the point'],
  ['tx_id', '1e3', 'a number with an exponent'],
  ['tx_id', 'true', 'a boolean'],
  ['tx_id', '["a"]', 'an array of 1 string'],
  [
    'tx_id',
    '{"S":"a"}',
    'an object with member S; the profile can name the path to its S (docs/profiles.md#format)',
  ],
  [
    'tx_id',
    '{"$oid":"65a1"}',
    'an object with member $oid; the profile can name the path to its $oid (docs/profiles.md#format)',
  ],
  ['tx_id', '"a\\u0000b"', 'a string of 3 characters'],
  ['version', '-1', 'an integer of 1 digit and a sign'],
  ['version', '1.0', 'a number of 1 digit, 1 behind the point'],
  ['version', '"007"', 'a string of 3 digits'],
  ['version', '"0/16B3748"', 'a string of 9 characters'],
  [
    'version',
    '{"file":"binlog.000003","pos":154}',
    'an object with members of other names (2) (docs/profiles.md#a-place-in-a-log-as-version)',
  ],
  ['version', '9999999999999999999', 'an integer of 19 digits'],
];

for (const [field, json, found] of VALUES) {
  test(`${field}: ${json}`, () => {
    const body = JSON.stringify(entry('t', { [field]: 'PLACE' })).replace('"PLACE"', () => json);
    const detail = detailOf(body);
    assert.match(detail, new RegExp(`^(?:core|field)_invalid ${field}: must be `));
    assert.equal(detail.split('; found ')[1], found);
  });
}

const R = JSON.stringify(entry('t'));
const BODIES: readonly (readonly [what: string, body: Buffer | string])[] = [
  ['brotli', brotliCompressSync(R)],
  ['zlib', deflateSync(R)],
  ['zstd', zstdCompressSync(Buffer.from(R))],
  ['zip', Buffer.from('504b030414000000', 'hex')],
  ['avro file', Buffer.from('4f626a0104', 'hex')],
  ['single object', Buffer.from('c3010102030405060708', 'hex')],
  ['registry avro', Buffer.from([0, 0, 0, 0, 7, 2, 65, 255])],
  ['registry json', Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), Buffer.from(R)])],
  ['utf16be', Buffer.from('feff007b', 'hex')],
  ['utf16 no bom', Buffer.from(R, 'utf16le')],
  ['utf32', Buffer.from('fffe00007b000000', 'hex')],
  ['protobuf', Buffer.from([10, 4, 116, 120, 45, 49, 16, 200, 1])],
  ['msgpack', Buffer.from([0x82, 0xa5, 0x74, 0x78, 0x5f, 0x69, 0x64, 0xa1, 0x61])],
  ['cbor', Buffer.from([0xa1, 0x65, 0x74, 0x78, 0x5f, 0x69, 0x64, 0x61, 0x61])],
  ['bson', Buffer.from('160000000274785f6964000200000061', 'hex')],
  ['java', Buffer.from('aced00057372', 'hex')],
  ['pickle', Buffer.from([0x80, 4, 0x95])],
  ['parquet', Buffer.from('PAR1\u0000')],
  ['pdf', Buffer.from('%PDF-1.7')],
  ['csv', 'tx_id,amount\n1,2\n'],
  ['yaml', 'tx_id: a\namount: 1\n'],
  ['form', 'tx_id=a&amount=1'],
  ['xml', '<tx/>'],
  ['array', `[${R},${R}]`],
  ['empty array', '[]'],
  ['array of strings', '["a"]'],
  ['string', '"a"'],
  ['string json', JSON.stringify(R)],
  ['number', '12'],
  ['null', 'null'],
  ['true', 'true'],
  ['lines', `${R}\n${R}`],
  ['glued', R + R],
  ['cut', R.slice(0, -9)],
  ['js', "{'a':1}"],
  ['nan', '{"a":NaN}'],
  ['base64', Buffer.from(R).toString('base64')],
  ['jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln'],
  ['python', "{'a': None}"],
  ['hex', Buffer.from(R).toString('hex')],
  ['text', 'hello'],
  ['html', '<!doctype html><p>'],
  ['blank', '  '],
  ['comment', '// a\n{}'],
  ['cp949', Buffer.from('b0e1c1a620b0e1c1a6', 'hex')],
  ['canal', `{"data":[${R}],"database":"d","table":"t","type":"INSERT"}`],
  ['maxwell', `{"database":"d","table":"t","type":"insert","data":${R}}`],
  ['dynamo', `{"eventID":"1","eventType":"m","eventName":"INSERT","dynamodb":{}}`],
  ['mongo', `{"operationType":"insert","ns":{},"fullDocument":${R}}`],
  ['dms', `{"data":${R},"metadata":{}}`],
  ['cloudevent b64', '{"specversion":"1.0","type":"t","data_base64":"e30="}'],
  ['heartbeat', '{"ts_ms":1}'],
  ['tx', '{"status":"BEGIN","id":"1","event_count":null,"data_collections":null,"ts_ms":1}'],
  ['ddl', '{"source":{},"databaseName":"d","ddl":"CREATE"}'],
  ['logical', '{"op":"m","message":{"prefix":"p"},"source":{}}'],
  ['truncate', '{"op":"t","source":{}}'],
  ['connect null', '{"schema":null,"payload":null}'],
  ['eventbridge', `{"version":"0","detail-type":"t","detail":${R}}`],
  ['sqs', `{"Type":"Notification","Message":"{}"}`],
  ['wal2json', `{"change":[{"kind":"insert","columnnames":[]}]}`],
  ['oracle gg', `{"table":"T","op_type":"I","op_ts":"","after":${R}}`],
  ['empty', '{}'],
];
/** The reason, and what was found. */
const SAID: Readonly<Record<string, string>> = {
  brotli: 'not_utf8 neither UTF-8 nor a format that is known here',
  zlib: 'not_utf8 zlib',
  zstd: 'not_utf8 zstd',
  zip: 'not_json a ZIP archive',
  'avro file': 'not_json an Avro file',
  'single object': 'not_utf8 Avro with the header of a single object',
  'registry avro':
    "not_utf8 a registry's schema id, then binary data such as Avro (the wire format of a schema registry) (docs/profiles.md#avro)",
  'registry json':
    "not_json a registry's schema id, then JSON (the wire format of a schema registry) (docs/profiles.md#format)",
  utf16be: 'not_utf8 UTF-16 with a byte order mark',
  'utf16 no bom': 'not_json UTF-16 without a byte order mark',
  utf32: 'not_utf8 UTF-32 with a byte order mark',
  protobuf: 'not_utf8 neither UTF-8 nor a format that is known here',
  msgpack: 'not_utf8 neither UTF-8 nor a format that is known here',
  cbor: 'not_utf8 neither UTF-8 nor a format that is known here',
  bson: 'not_json text that is no JSON',
  java: 'not_utf8 a serialized object of Java',
  pickle: 'not_utf8 neither UTF-8 nor a format that is known here',
  parquet: 'not_json Parquet',
  pdf: 'not_json a PDF',
  csv: 'not_json text that is no JSON',
  yaml: 'not_json text that is no JSON',
  form: 'not_json the fields of a form',
  xml: 'not_json XML or HTML',
  array: 'not_an_object an array of 2 records',
  'empty array': 'not_an_object an array of 0',
  'array of strings': 'not_an_object an array of 1',
  string: 'not_an_object a string of 1 character',
  'string json': 'not_an_object a JSON string that holds JSON (docs/profiles.md#envelopes)',
  number: 'not_an_object an integer of 2 digits',
  null: 'not_an_object the JSON value null (docs/profiles.md#deletes)',
  true: 'not_an_object a boolean',
  lines: 'not_json several JSON values, one in each of 2 lines',
  glued: 'not_json several JSON objects, one after the other',
  cut: 'not_json JSON that is cut off',
  js: 'not_json JSON with single quotes',
  nan: 'not_json JSON with NaN or Infinity, which it does not have',
  base64: 'not_json base64 that holds JSON',
  jwt: 'not_json text that is no JSON',
  python: 'not_json JSON with single quotes',
  hex: 'not_json text that is no JSON',
  text: 'not_json text that is no JSON',
  html: 'not_json XML or HTML',
  blank: 'not_json white space only',
  comment: 'not_json text that is no JSON',
  cp949: 'not_utf8 text in CP949 or EUC-KR, which is no UTF-8',
  canal: 'core_missing a change record of Maxwell or Canal',
  maxwell: 'core_missing a change record of Maxwell or Canal',
  dynamo: 'core_missing a change record of DynamoDB',
  mongo: 'core_missing a change event of MongoDB',
  dms: 'core_missing',
  'cloudevent b64': 'core_missing a CloudEvent with data in base64',
  heartbeat: "core_missing a connector's heartbeat (docs/profiles.md#deletes)",
  tx: "core_missing a connector's transaction boundary (docs/profiles.md#deletes)",
  ddl: "core_missing a connector's schema change (docs/profiles.md#deletes)",
  logical: "core_missing a connector's logical message (docs/profiles.md#deletes)",
  truncate: 'core_missing a delete in a Debezium envelope (docs/profiles.md#deletes)',
  'connect null':
    'core_missing a record of Kafka Connect with its schema, and no payload (docs/profiles.md#deletes)',
  eventbridge: 'core_missing an object whose record may be in its member detail (docs/profiles.md#envelopes)',
  sqs: 'core_missing an object whose record may be in the JSON text of its member Message (docs/profiles.md#envelopes)',
  wal2json: 'core_missing',
  'oracle gg': 'core_missing an object whose record may be in its member after (docs/profiles.md#envelopes)',
  empty: 'core_missing',
};

for (const [what, body] of BODIES) {
  test(`body: ${what}`, () => {
    const detail = detailOf(body);
    const [reason] = detail.split(' ');
    const found = /(?:; |: )found (.+)$/.exec(detail)?.[1];
    assert.equal(found === undefined ? reason : `${reason} ${found}`, SAID[what]);
  });
}
