import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { describe, it } from 'vitest';
import { entry } from '../../../tools/proof/exampleEvents.ts';
import { entryWith, ledgerDetail } from '../../support/ledgerDetail.ts';

// What arrived, in a dead letter's detail (SPEC 2.4).

/** Where the form is documented: found.test.ts. */
const fault = (body: Buffer | string) => ledgerDetail(body).replace(/ \(docs\/profiles\.md#[a-z-]+\)$/, '');

const RECORD = JSON.stringify(entry('t'));
const header = Buffer.from([0, 0, 0, 0, 7]);

const BODIES: readonly [what: string, body: Buffer | string, found: RegExp][] = [
  ['gzip', gzipSync(RECORD), /^not_utf8 .*gzip$/],
  ['UTF-16', Buffer.from(`\uFEFF${RECORD}`, 'utf16le'), /^not_utf8 .*UTF-16 with a byte order mark$/],
  ['UTF-16 without a mark', Buffer.from(RECORD, 'utf16le'), /^not_json .*UTF-16 without a byte order mark$/],
  [
    'a registry, JSON',
    Buffer.concat([header, Buffer.from(RECORD)]),
    /^not_json .*a registry's schema id, then JSON \(/,
  ],
  [
    'a registry, Avro',
    Buffer.concat([header, Buffer.from([0x0c, 0xff, 0x80, 0x41])]),
    /^not_utf8 .*a registry's schema id, then binary data such as Avro \(/,
  ],
  ['an Avro file', Buffer.from('Obj\u0001abc'), /^not_json .*an Avro file$/],
  ['CP949', Buffer.from([0x7b, 0xb0, 0xe1, 0xc1, 0xa6, 0x7d]), /^not_utf8 .*CP949/],
  ['bytes', Buffer.from([0x80, 0x81, 0xff]), /^not_utf8 .*neither UTF-8 nor a format that is known here$/],
  ['an array', `[${RECORD},${RECORD}]`, /^not_an_object .*an array of 2 records$/],
  ['an array of numbers', '[1,2,3]', /^not_an_object .*an array of 3$/],
  ['JSON twice', JSON.stringify(RECORD), /^not_an_object .*a JSON string that holds JSON$/],
  ['a tombstone of a converter', 'null', /^not_an_object .*the JSON value null$/],
  ['lines', `${RECORD}\n${RECORD}`, /^not_json .*several JSON values, one in each of 2 lines$/],
  ['objects', `${RECORD}${RECORD}`, /^not_json .*several JSON objects, one after the other$/],
  ['base64', Buffer.from(RECORD).toString('base64'), /^not_json .*base64 that holds JSON$/],
  ['XML', '<a/>', /^not_json .*XML or HTML$/],
  ['a cut', RECORD.slice(0, -9), /^not_json .*JSON that is cut off$/],
  ['single quotes', "{'a': 1}", /^not_json .*JSON with single quotes$/],
  ['NaN', '{"a": NaN}', /^not_json .*NaN or Infinity/],
  ['a form', 'tx_id=1&amount=2', /^not_json .*the fields of a form$/],
  [
    'a CloudEvent',
    `{"specversion":"1.0","type":"t","source":"s","id":"1","data":${RECORD}}`,
    /^core_missing .*a CloudEvent$/,
  ],
  ['Debezium', `{"before":null,"after":${RECORD},"op":"c"}`, /^core_missing .*a Debezium envelope$/],
  [
    'Debezium with its schema',
    `{"schema":{"type":"struct"},"payload":{"before":null,"after":${RECORD},"op":"c"}}`,
    /^core_missing .*a Debezium envelope, inside schema and payload$/,
  ],
  [
    'Connect',
    `{"schema":{},"payload":${RECORD}}`,
    /^core_missing .*a record of Kafka Connect with its schema$/,
  ],
  [
    'a wrapper',
    `{"meta":1,"data":${RECORD}}`,
    /^core_missing .*an object whose record may be in its member data$/,
  ],
];

const VALUES: readonly [field: string, json: string, found: string][] = [
  ['event_time', '[2026,11,26,1,2,3,123000000]', 'an array of 7 numbers'],
  [
    'event_time',
    '"2026-11-26T10:02:03+09:00[Asia/Seoul]"',
    'a timestamp with the name of a zone in brackets',
  ],
  ['event_time', '"2026-11-26T10:02Z"', 'a timestamp without seconds'],
  ['event_time', '"/Date(1764118923000+0900)/"', "a time as .NET's older serializers write it, /Date(...)/"],
  ['event_time', '"2026-11-26"', 'a date without a time'],
  ['event_time', '"1764118923000"', 'a string of 13 digits'],
  ['event_time', '1764118923', 'an integer of 10 digits'],
  ['event_time', '1764118923.123', 'a number of 10 digits, 3 behind the point'],
  ['event_time', '{"seconds":1764118923,"nanos":0}', 'an object with members seconds, nanos'],
  [
    'amount',
    '{"value":"1200","currency":"KRW"}',
    'an object with members value, currency; the profile can name the path to its value',
  ],
  ['amount', '{"kim":"1200"}', 'an object with member of other names (1)'],
  ['amount', '"1,200.50"', 'a number with separators of thousands'],
  ['amount', '"12,5"', 'a number with a decimal comma'],
  ['amount', '"1200 KRW"', 'an amount with its currency'],
  ['amount', '"BLA="', 'a string of 4 characters that can be base64'],
  ['amount', '"NaN"', 'NaN or infinity as a string'],
  ['amount', '["1"]', 'an array of 1 string'],
  ['amount', 'true', 'a boolean'],
  ['tx_id', '{"tx_id":"a"}', 'an object with member of other names (1)'],
];

describe('a dead letter says what arrived', () => {
  for (const [what, body, found] of BODIES) it(`body: ${what}`, () => assert.match(fault(body), found));
  for (const [field, json, found] of VALUES) {
    it(`${field}: ${json}`, () => {
      const said = fault(entryWith(field, json));
      assert.match(said, new RegExp(`^core_invalid ${field}: must be `));
      assert.equal(said.split('; found ')[1], found);
    });
  }

  it('a value that its producer left out is no fault of its field', () => {
    const said = fault(entryWith('amount', '"__debezium_unavailable_value"'));
    assert.match(said, /^field_invalid amount: .*; found Debezium's placeholder for a large value/);
  });

  it('never a value, and no name of a member that is not widely used', () => {
    for (const secret of [
      '{"4111111111111111":1}',
      '"4111-1111-1111-1111"',
      '["kim@example.com"]',
      '{"value":{"kim":1}}',
    ]) {
      assert.doesNotMatch(fault(entryWith('amount', secret)), /4111|kim/);
      assert.doesNotMatch(fault(`{"payload":${secret}}`), /4111|kim/);
      assert.doesNotMatch(fault(`${secret} x`), /4111|kim/);
    }
  });
});
