import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { test } from 'vitest';
import { BUILT_IN_PROFILES, parseProfile } from '../../../shared/contracts/profile.ts';
import { profileJsonSchema } from '../../../tools/contracts/profileSchema.ts';
import { PROFILE_SCHEMA_FILE } from '../../../tools/contracts/write.ts';

const committed = JSON.parse(readFileSync(PROFILE_SCHEMA_FILE, 'utf8'));
const validate = new Ajv2020({ allErrors: true }).compile(committed);

type Json = Record<string, unknown>;

/** The canonical profile with a change to its ledger. */
function profile(change: Json, whole: Json = {}): unknown {
  const copy = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as { topics: { ledger: Json } };
  Object.assign(copy.topics.ledger, change);
  return { ...copy, ...whole };
}

const parses = (data: unknown) => {
  try {
    parseProfile(data, 'test');
    return true;
  } catch {
    return false;
  }
};

test('the committed schema is current: npm run schemas writes it', () => {
  assert.deepEqual(committed, JSON.parse(JSON.stringify(profileJsonSchema())));
});

test('the schema accepts what the product accepts, and refuses what it can say', () => {
  const core = ['tx_id', 'wallet_id', 'entry_type', 'amount', 'event_time'];
  const cases: [unknown, boolean][] = [
    ...Object.values(BUILT_IN_PROFILES).map((data): [unknown, boolean] => [data, true]),
    [profile({}, { $schema: './profile.schema.json' }), true],
    [profile({ envelope: ['payload', 'after'] }), true],
    [profile({ envelope: [] }), false],
    [profile({ envelope: ['data', { parse: 'json' }] }), true],
    [profile({ envelope: ['data', { parse: 'xml' }] }), false],
    [profile({ encoding: 'registry_json' }), true],
    [profile({ encoding: 'avro' }), true],
    [profile({ encoding: 'protobuf' }), false],
    [profile({}, { avro_schemas: { '7': 'entry.avsc' } }), true],
    [profile({}, { avro_schemas: { seven: 'entry.avsc' } }), false],
    [profile({ operation: { path: ['type'], deletes: ['delete'] } }), true],
    [profile({ operation: { path: ['type'], deletes: [] } }), false],
    [profile({ aliases: { version: [{ root: ['source', 'lsn'] }] } }), true],
    [profile({ ignored: ['deletes', 'tombstones', 'connector_messages'] }), true],
    [profile({ ignored: ['everything'] }), false],
    [profile({ aliases: { version: [{ root: [] }] } }), false],
    [profile({ aliases: { amount: ['amt', ['amount', 'value']] } }), true],
    [profile({ aliases: { amount: [['value']] } }), false],
    [profile({ aliases: { amount: [] } }), false],
    [profile({ aliases: { nonsense: ['x'] } }), false],
    [profile({ core: [...core, 'related_id'] }), true],
    [profile({ core: core.slice(1) }), false],
    [profile({ core: [...core, 'status'] }), false],
    [profile({ precedence: ['version', 'updated_at'] }), true],
    [profile({ precedence: ['version'] }), false],
    [profile({ time_zone: 9 }), false],
    [profile({ formats: { amount: { format: 'minor_units', scale: 2 }, event_time: {} } }), true],
    [profile({ formats: { amount_signed: { format: 'connect_decimal', scale: 'schema' } } }), true],
    [profile({ formats: { event_time: { format: 'epoch_seconds' } } }), true],
    [profile({ formats: { event_time: { wall_time: true, time_zone: 'Asia/Seoul' } } }), true],
    [profile({ formats: { amount: { format: 'minor_units' } } }), false],
    [profile({ formats: { amount: { format: 'minor_units', scale: -1 } } }), false],
    [profile({ formats: { amount: { format: 'connect_decimal', scale: 19 } } }), false],
    [profile({ formats: { amount: { format: 'epoch_seconds' } } }), false],
    [profile({ formats: { event_time: { format: 'seconds' } } }), false],
    [profile({ formats: { wallet_id: {} } }), false],
    [profile({ something: 1 }), false],
    [profile({}, { id: 'Upper' }), false],
  ];
  for (const [data, accepted] of cases) {
    assert.equal(validate(data), accepted, JSON.stringify(data));
    assert.equal(parses(data), accepted, JSON.stringify(data));
  }
});

test('a zone that does not exist is refused, in a format as well', () => {
  const formats = { event_time: { time_zone: 'Mars/Olympus' } };
  assert.throws(
    () => parseProfile(profile({ formats }), 'test'),
    /topics\.ledger\.formats\.event_time\.time_zone: is no IANA time zone/,
  );
});

test('every setting says to an editor what it is for', () => {
  for (const topic of ['ledger', 'payment_order', 'pair']) {
    const { properties } = committed.properties.topics.properties[topic];
    for (const [name, schema] of Object.entries<Json>(properties)) {
      assert.equal(typeof schema['description'], 'string', `${topic}.${name}`);
    }
  }
});
