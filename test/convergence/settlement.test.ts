import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import type { RecordTopic } from '../../shared/contracts/fields.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { sweepSettlements } from '../../shared/store/settlement/sweepSettlements.ts';
import { compareWithModel } from '../../tools/proof/compare.ts';
import { entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { model } from '../../tools/proof/model.ts';
import { settlementsKeptAbove, WRONG_VIOLATIONS } from '../../tools/proof/rulesUnderTest.ts';
import { testDatabase } from '../support/database.ts';

// Histories that are about settlement and nothing else: reversals of reversals, circles, moves, entries that come after what
// reverses them; several partitions at once, with the timer's sweep running all the while.

const TOPICS = {
  ledger: 'ledger.entry.upserted',
  payment_order: 'payment.order.upserted',
  pair: 'payment.ledger.paired',
};
const RUNS = Number(process.env['CONVERGENCE_RUNS'] ?? 60);
const SEED = Number(process.env['CONVERGENCE_SEED'] ?? 20261128);
const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const GROUPS = ['o1', 'o2', 'o3'];

const ledger = fc
  .record({
    id: fc.constantFrom(...IDS),
    change: fc.record({
      entry_type: fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom('PAYMENT', 'RECEIVE') },
        { weight: 2, arbitrary: fc.constantFrom('REVERSAL', 'CORRECTION') },
        {
          weight: 2,
          arbitrary: fc.constantFrom(
            ...['REFUND_OUT', 'REFUND_IN', 'CHARGEBACK_OUT', 'CHARGEBACK_IN', 'FEE_OUT', 'FEE_IN', 'HOLD'],
            ...['RELEASE', 'WITHDRAW', 'BONUS', 'payment'],
          ),
        },
      ),
      reverses_tx_id: fc.constantFrom(null, ...IDS, 'nobody'),
      related_id: fc.constantFrom(null, ...GROUPS),
      related_type: fc.constantFrom(null, null, null, 'PAYMENT_ORDER', 'PAYOUT'),
      amount: fc.constantFrom('10', '-10', '10.00', '5', '0', '0.000000000000000001'),
      amount_signed: fc.constantFrom(null, '10', '-10', '0'),
      currency: fc.constantFrom(null, null, 'KRW', 'USD'),
      wallet_id: fc.constantFrom('w1', 'w2'),
      event_time: fc.constantFrom('2026-11-22T10:00:00Z', '2026-11-22T10:00:01Z'),
      version: fc.constantFrom(1, 2, 3),
    }),
  })
  .map(({ id, change }) => ({ topic: 'ledger' as RecordTopic, body: entry(id, change) }));
const orders = fc
  .record({
    id: fc.constantFrom(...GROUPS),
    change: fc.record({
      status: fc.constantFrom('PAID', 'REFUNDED', 'CANCELLED', 'CREATED'),
      version: fc.constantFrom(1, 2),
    }),
  })
  .map(({ id, change }) => ({ topic: 'payment_order' as RecordTopic, body: order(id, change) }));

const history = fc.record({
  events: fc.array(
    fc.record({
      content: fc.oneof({ weight: 6, arbitrary: ledger }, { weight: 1, arbitrary: orders }),
      partition: fc.nat(2),
      again: fc.boolean(),
    }),
    { minLength: 1, maxLength: 24, size: 'max' },
  ),
  batch: fc.integer({ min: 1, max: 4 }),
  keptAbove: fc.constantFrom(0, 2, 500),
});

test(`settlements, violations and large settlements follow the model (${RUNS} histories, seed ${SEED})`, async (t) => {
  const database = await testDatabase(t);
  const { pool } = database;
  await pool.query('CREATE TABLE kept AS SELECT 500 AS above');
  await pool.query(settlementsKeptAbove('(SELECT above FROM kept)'));
  const client = await pool.connect();
  t.onTestFinished(() => client.release());

  const property = fc.asyncProperty(history, async ({ events, batch, keptAbove }) => {
    await client.query(
      `DELETE FROM bo.ledger_entries; DELETE FROM bo.payment_orders; DELETE FROM bo.payment_ledger_pairs;
       DELETE FROM sync.partitions; DELETE FROM sync.hourly_counters;
       DELETE FROM sync.settlement_changes; DELETE FROM sync.settlement_violations; DELETE FROM sync.large_settlements`,
    );
    await client.query('UPDATE kept SET above = $1', [keptAbove]);
    const hubs = new Map<string, Partition>();
    const log = events.map(({ content: { topic, body }, partition, again }) => {
      const name = `${topic}/${partition}`;
      const hub = hubs.get(name) ?? new Partition(partition);
      hubs.set(name, hub);
      return { topic, again, event: hub.event(body) };
    });
    let writing = true;
    const writers = [...hubs.keys()].map(async (name) => {
      const [topic, partition] = name.split('/') as [RecordTopic, string];
      const mine = log.filter((one) => one.topic === topic && one.event.partition === Number(partition));
      const deliveries = mine.flatMap((one) => (one.again ? [one, one] : [one]));
      for (let at = 0; at < deliveries.length; at += batch) {
        const part = deliveries.slice(at, at + batch).map(({ event }) => event);
        await ingest(rulesFor(pool, topic), part);
      }
    });
    const sweeper = (async () => {
      while (writing) await sweepSettlements(pool, 1000);
    })();
    await Promise.all(writers).finally(() => {
      writing = false;
    });
    await sweeper;

    const expected = model(
      log.map(({ topic, event }) => ({
        ...event,
        topic,
        body: event.body as Buffer,
        enqueuedAt: event.enqueuedAt / 1000,
        fault: undefined,
      })),
    );
    const state = async () => (await compareWithModel(client, expected, TOPICS)).examples;
    assert.deepEqual(await state(), [], 'some of it not swept');
    await sweepSettlements(pool, 10_000);
    assert.deepEqual(await state(), [], 'swept');
    assert.deepEqual(await database.rows(WRONG_VIOLATIONS), []);
    assert.deepEqual(await database.rows('SELECT * FROM sync.settlement_changes'), []);
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS });
});
