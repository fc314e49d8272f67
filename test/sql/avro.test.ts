import assert from 'node:assert/strict';
import { type Schema, Type } from 'avsc';
import { test } from 'vitest';
import { parseProfile, topicNames } from '../../shared/contracts/profile.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { replay } from '../../shared/replay/replay.ts';
import { parseReplayRequest } from '../../shared/replay/request.ts';
import { schemaSource } from '../../shared/schemas/schemaSource.ts';
import { CANONICAL_SETTINGS, Partition } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { answering, type TestRegistry, testRegistry } from '../support/schemaRegistry.ts';

const ENTRY = {
  type: 'record',
  name: 'Entry',
  fields: [
    { name: 'tx_id', type: 'long' },
    { name: 'wallet_id', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'entry_type', type: { type: 'enum', name: 'Kind', symbols: ['PAYMENT', 'RECEIVE'] } },
    { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 4 } },
    { name: 'event_time', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'booked', type: { type: 'long', logicalType: 'local-timestamp-millis' } },
    { name: 'memo', type: ['null', 'string'], default: null },
    { name: 'version', type: 'long' },
  ],
} as const;
const ENTRY_TYPE = Type.forSchema(ENTRY as unknown as Schema);
const WALLET = '00000000-0000-4000-8000-000000000001';
const AZURE_ID = '0123456789abcdef0123456789abcdef';

const record = (tx_id: number, version = 1) =>
  ENTRY_TYPE.toBuffer({
    ...{ tx_id, version, wallet_id: WALLET, entry_type: 'RECEIVE', memo: 'a memo' },
    amount: Buffer.from('0e8b2f6d', 'hex'),
    event_time: 1_795_654_923_123_456,
    booked: 1_795_654_923_123,
  });
const inWireFormat = (id: number, value: Buffer) => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, value]);
};

const { profile: canonical } = CANONICAL_SETTINGS;
const profile = parseProfile(
  {
    ...canonical,
    id: 'avro-v1',
    topics: {
      ...canonical.topics,
      ledger: {
        ...canonical.topics.ledger,
        encoding: 'avro',
        aliases: { source_created_at: ['booked'] },
        formats: { source_created_at: { time_zone: 'Asia/Seoul' } },
      },
    },
  },
  'avro-v1',
);

function settingsFor(registry: TestRegistry) {
  const credential = () =>
    Promise.resolve({ getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: 0 }) });
  const places = {
    files: new Map(),
    confluent: { url: registry.url },
    azure: { url: registry.url, credential },
  };
  return { ...CANONICAL_SETTINGS, profile, topics: topicNames(profile), schemas: schemaSource(places) };
}

async function deadLetters(database: TestDatabase): Promise<string[]> {
  const rows = await database.rows(
    'SELECT error, error_detail, schema_id FROM bo.consumer_dlq_events WHERE resolved_at IS NULL ORDER BY sequence_number',
  );
  return rows.map(({ error, error_detail, schema_id }) => `${error}: ${error_detail} (${schema_id ?? '-'})`);
}

async function replayAll(database: TestDatabase, settings: ReturnType<typeof settingsFor>): Promise<void> {
  const hub = new HubReader(() => Promise.reject(new Error('These tests have no hub.')));
  const request = parseReplayRequest({ requested_by: 'jo', select: { topic: settings.topics.ledger } });
  const context = { settings, database: database.pool, hub, timeIsOver: () => false };
  assert.equal(await replay({ ...context, requestId: `request-${Math.random()}` }, request), true);
}

test('Avro behind the header of a registry is a row, exact in every column', async (t) => {
  const database = await testDatabase(t);
  const registry = await testRegistry();
  registry.answers.set('/schemas/ids/7', [200, { schema: JSON.stringify(ENTRY) }]);
  const rules = ingestRules(settingsFor(registry), database.pool, 'ledger');
  const partition = new Partition();
  const events = [9_007_199_254_740_990, 2].map((id) => partition.event(inWireFormat(7, record(id))));
  const { outcomes } = await ingest(rules, events);
  assert.equal(outcomes.applied, 2);
  assert.deepEqual(
    await database.rows(
      `SELECT tx_id, wallet_id, entry_type, amount, source_version AS version, event_time = '2026-11-26T01:02:03.123456Z' AS event_time,
         created_at = '2026-11-25T16:02:03.123Z' AS created_at FROM bo.ledger_entries ORDER BY length(tx_id)`,
    ),
    ['2', '9007199254740990'].map((tx_id) => ({
      ...{ tx_id, wallet_id: WALLET, entry_type: 'RECEIVE', amount: '24400.2669', version: '1' },
      ...{ event_time: 't', created_at: 't' },
    })),
  );
  assert.equal(registry.requests.length, 1);
});

test('an unknown id and malformed bytes are dead letters; a replay stores what the registry knows by then', async (t) => {
  const database = await testDatabase(t);
  const registry = await testRegistry();
  const settings = settingsFor(registry);
  const rules = ingestRules(settings, database.pool, 'ledger');
  registry.answers.set('/schemas/ids/7', [200, { schema: JSON.stringify(ENTRY) }]);
  const partition = new Partition();
  const azure: Partial<BrokerEvent> = { schemaId: AZURE_ID };
  const { outcomes } = await ingest(rules, [
    partition.event(inWireFormat(7, record(1))),
    partition.event(inWireFormat(8, record(2))),
    partition.event(inWireFormat(7, record(3).subarray(0, 20))),
    partition.event({ tx_id: 4 }),
    partition.event(record(5), azure),
    partition.event(''),
  ]);
  assert.deepEqual([outcomes.applied, outcomes.dead_lettered], [1, 5]);
  assert.deepEqual(await deadLetters(database), [
    'not_avro: the schema that the message names is not known (-)',
    'not_avro: the body is no Avro of its schema: it ends within a value, or a length in it is wrong (-)',
    'not_avro: neither the content type nor the first bytes of the body name a schema: found text like JSON, with an error in it (-)',
    `not_avro: the schema that the message names is not known (${AZURE_ID})`,
    'empty_body: the body has no bytes (-)',
  ]);
  registry.answers.set('/schemas/ids/8', [200, { schema: JSON.stringify(ENTRY) }]);
  registry.answers.set(`/$schemaGroups/$schemas/${AZURE_ID}?api-version=2022-10`, [200, ENTRY]);
  // Another process, which has not asked yet.
  await replayAll(database, settingsFor(registry));
  assert.equal((await deadLetters(database)).length, 3);
  const stored = await database.rows('SELECT tx_id FROM bo.ledger_entries ORDER BY tx_id');
  assert.deepEqual(
    stored.map(({ tx_id }) => tx_id),
    ['1', '2', '5'],
  );
});

test('while the registry is away nothing is stored and nothing is a dead letter; then all of it is a row', async (t) => {
  const database = await testDatabase(t);
  const registry = await testRegistry();
  const rules = ingestRules(settingsFor(registry), database.pool, 'ledger');
  const partition = new Partition();
  const events = Array.from({ length: 50 }, (_, index) =>
    partition.event(inWireFormat(index % 3, record(index))),
  );
  for (let id = 0; id < 3; id++) {
    registry.answers.set(`/schemas/ids/${id}`, [200, { schema: JSON.stringify(ENTRY) }]);
  }
  for (const status of [500, 401, 404]) {
    registry.broken = answering(status);
    await assert.rejects(ingest(rules, events), /schema registry/);
  }
  assert.deepEqual(await deadLetters(database), []);
  registry.broken = undefined;
  assert.equal((await ingest(rules, events)).outcomes.applied, 50);
});
