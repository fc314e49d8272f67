import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventHubProducerClient } from '@azure/event-hubs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { replay } from '../../shared/replay/replay.ts';
import { InvalidReplayRequest, parseReplayRequest } from '../../shared/replay/request.ts';
import { hubConnector } from '../../shared/settings/eventHubsConnection.ts';
import { closeFormerEpochs } from '../../shared/store/metrics/closeFormerEpochs.ts';
import { takeRecreated } from '../../shared/store/metrics/takeRecreated.ts';
import { readReplay } from '../../shared/store/replay/readReplay.ts';
import { withConnection } from '../../shared/store/withConnection.ts';
import { type Emulator, startEmulator } from '../../tools/local/emulator/emulator.ts';
import { CANONICAL_SETTINGS, entry } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const settings = CANONICAL_SETTINGS;
const topic = settings.topics.ledger;
const EVENTS = 1200;

// The hub holds what the consumer was delivered, and more: what the consumer skipped is read from it.
describe('repair of gaps', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gap-repair-'));
  let emulator: Emulator;
  let hub: HubReader;
  let delivered: BrokerEvent[];

  beforeAll(async () => {
    emulator = await startEmulator({ port: 0, directory, hubs: [{ name: topic, partitions: 2 }] });
    hub = new HubReader(hubConnector({ connectionString: emulator.connectionString }));
    const producer = new EventHubProducerClient(emulator.connectionString, topic);
    const bodies = Array.from({ length: EVENTS }, (_, index) => ({
      body: entry(`tx-${index}`, { related_id: `o-${index % 400}`, amount: index }),
      properties: { 'x-correlation-id': `c-${index}` },
    }));
    for (let start = 0; start < EVENTS; start += 400) {
      await producer.sendBatch(bodies.slice(start, start + 400), { partitionId: '0' });
    }
    await producer.sendBatch([{ body: Buffer.from('not json') }], { partitionId: '0' });
    await producer.sendBatch(bodies.slice(0, 1), { partitionId: '0' });
    await producer.close();
    delivered = [];
    await hub.read(topic, 0, { from: 0, to: EVENTS + 1 }, async (events) => delivered.push(...events) > 0);
  });
  afterAll(async () => {
    await emulator.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const gaps = (database: TestDatabase) =>
    database.rows('SELECT epoch, first_number, last_number FROM sync.sequence_gaps ORDER BY 1, 2');
  let requests = 0;
  const repair = async (database: TestDatabase, from: number, to: number, change: object = {}) => {
    const request = parseReplayRequest({
      select: { gap: { topic, partition: 0, from, to } },
      requested_by: 'timer',
      ...change,
    });
    const requestId = `repair-${++requests}`;
    const context = { settings, database: database.pool, hub, requestId, timeIsOver: () => false };
    assert.equal(await replay(context, request), true);
    const { status: _status, idle_ms: _idle, ...counts } = (await readReplay(database.pool, requestId))!;
    return counts;
  };

  it('reads exactly the missing numbers, with their original positions, and closes the gaps', async (t) => {
    const database = await testDatabase(t);
    const rules = ingestRules(settings, database.pool, 'ledger');
    const skipped = (number: number) =>
      (number >= 100 && number < 300) || number === 700 || number === EVENTS;
    await ingest(
      rules,
      delivered.filter(({ sequenceNumber }) => !skipped(sequenceNumber)),
    );
    assert.deepEqual(await gaps(database), [
      { epoch: '0', first_number: '100', last_number: '299' },
      { epoch: '0', first_number: '700', last_number: '700' },
      { epoch: '0', first_number: String(EVENTS), last_number: String(EVENTS) },
    ]);
    const counts = { examined: 202, rejected: 0, exhausted: 0, lost: 0 };
    assert.deepEqual(await repair(database, 0, EVENTS, { dry_run: true }), { ...counts, resolved: 202 });
    assert.deepEqual((await gaps(database)).length, 3);
    assert.deepEqual(await repair(database, 0, EVENTS), { ...counts, resolved: 201, rejected: 1 });
    assert.deepEqual(await gaps(database), []);
    assert.deepEqual(await repair(database, 0, EVENTS), { ...counts, examined: 0, resolved: 0 });

    const direct = await testDatabase(t);
    await ingest({ ...rules, database: direct.pool }, delivered);
    for (const query of [
      `SELECT tx_id, amount, source_enqueued_at, source_partition, source_sequence FROM bo.ledger_entries ORDER BY 1`,
      `SELECT payment_order_id, payment_tx_id, pairing_status FROM bo.payment_ledger_pairs ORDER BY 1`,
      `SELECT sequence_number, enqueued_at, "offset", key, error, correlation_id FROM bo.consumer_dlq_events`,
      `SELECT sum(applied + stale + duplicate + conflict + dead_lettered) AS once, sum(redelivered) AS again FROM sync.hourly_counters`,
    ]) {
      assert.deepEqual(await database.rows(query), await direct.rows(query));
    }
  });

  it('numbers past the retention are lost, by number, and no gap any more; numbers to come are left alone', async (t) => {
    const database = await testDatabase(t);
    const rules = ingestRules(settings, database.pool, 'ledger');
    await ingest(
      rules,
      delivered.filter(({ sequenceNumber: n }) => n < 10 || (n >= 30 && n < 40) || n >= 60),
    );
    emulator.expire(topic, 0, 50);
    assert.deepEqual(await repair(database, 0, EVENTS + 100), {
      examined: 40,
      resolved: 10,
      rejected: 0,
      exhausted: 0,
      lost: 30,
    });
    assert.deepEqual(await gaps(database), []);
    assert.deepEqual(await database.rows('SELECT topic, partition, epoch, numbers FROM sync.lost_events'), [
      { topic, partition: '0', epoch: '0', numbers: '{[10,30),[40,50)}' },
    ]);
    assert.deepEqual(
      await database.rows(
        'SELECT count(*), min(source_sequence) AS first FROM bo.ledger_entries WHERE source_sequence BETWEEN 50 AND 59',
      ),
      [{ count: '10', first: '50' }],
    );
  });

  it('what was not read of a hub that is gone is lost with it', async (t) => {
    const database = await testDatabase(t);
    const rules = ingestRules(settings, database.pool, 'ledger');
    // Read long ago from a hub of this name, but for number 7.
    const old = delivered
      .slice(0, 20)
      .map((event) => ({ ...event, enqueuedAt: event.enqueuedAt - 86_400_000_000 }));
    await ingest(
      rules,
      old.filter(({ sequenceNumber }) => sequenceNumber !== 7),
    );
    await ingest(rules, delivered);
    assert.deepEqual(await gaps(database), [{ epoch: '0', first_number: '7', last_number: '7' }]);
    assert.equal((await repair(database, 0, 100)).lost, 1);
    assert.deepEqual(await gaps(database), []);
  });

  it('a hub is recreated with fewer partitions: what was not read of the others is lost with it', async (t) => {
    const database = await testDatabase(t);
    const old = delivered.slice(0, 20).map((event) => ({ ...event, partition: 2 }));
    await ingest(
      ingestRules(settings, database.pool, 'ledger'),
      old.filter(({ sequenceNumber }) => sequenceNumber !== 7),
    );
    const at = (createdAt: Date) =>
      closeFormerEpochs(database.pool, [{ topic, createdAt, restarted: false }]);
    assert.deepEqual(await at(new Date('2026-01-01')), [], 'nothing is known of an earlier hub');
    const newer = new Date(Math.ceil(old.at(-1)!.enqueuedAt / 1000) + 60_000);
    assert.deepEqual(await at(newer), [topic]);
    assert.deepEqual(await at(newer), []);
    const taken = () => withConnection(database.pool, (client) => takeRecreated(client, [topic]));
    assert.deepEqual(await taken(), [topic], 'also where the run that found it was lost');
    assert.deepEqual(await taken(), []);
    assert.deepEqual(await gaps(database), [{ epoch: '0', first_number: '7', last_number: '7' }]);
    const gap = { topic, partition: 2, from: 0, to: 7 };
    const counts = { examined: 1, resolved: 0, rejected: 0, exhausted: 0, lost: 1 };
    assert.deepEqual(await repair(database, 0, 7, { select: { gap } }), counts);
    assert.deepEqual(await gaps(database), []);
  });

  it('a batch of the new hub belongs to its epoch, also where its numbers go on from the old hub’s', async (t) => {
    const database = await testDatabase(t);
    const rules = ingestRules(settings, database.pool, 'ledger');
    await ingest(rules, delivered.slice(0, 20));
    const createdAt = new Date(Math.ceil(delivered[19]!.enqueuedAt / 1000) + 60_000);
    await closeFormerEpochs(database.pool, [{ topic, createdAt: new Date('2026-01-01'), restarted: false }]);
    await closeFormerEpochs(database.pool, [{ topic, createdAt, restarted: false }]);
    const later = (event: BrokerEvent) => ({ ...event, enqueuedAt: (createdAt.getTime() + 1000) * 1000 });
    await ingest(rules, delivered.slice(20, 40).map(later));
    await ingest(rules, delivered.slice(0, 20).map(later));
    assert.deepEqual(await database.rows('SELECT epoch, seen FROM sync.partitions'), [
      { epoch: '1', seen: '{[0,40)}' },
    ]);
    assert.deepEqual(await database.rows('SELECT epoch, seen FROM sync.closed_epochs'), [
      { epoch: '0', seen: '{[0,20)}' },
    ]);
  });

  it('a topic that nobody reads is refused', async (t) => {
    const database = await testDatabase(t);
    await assert.rejects(
      repair(database, 0, 1, { select: { gap: { topic: 'other', partition: 0, from: 0, to: 1 } } }),
      InvalidReplayRequest,
    );
  });
});
