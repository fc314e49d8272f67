import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import type { LoggedEvent } from '../../tools/proof/brokerLog.ts';
import { compareWithModel } from '../../tools/proof/compare.ts';
import { Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { model } from '../../tools/proof/model.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { SETTLEMENT_CASES } from './settlementCases.ts';
import type { SettlementCase } from './settlementEvents.ts';

// SPEC 16 as a table (settlementCases.ts): events in, settlement out; and the model comes to the same.

const TOPICS = {
  ledger: 'ledger.entry.upserted',
  payment_order: 'payment.order.upserted',
  pair: 'payment.ledger.paired',
};

async function clear({ pool }: TestDatabase): Promise<void> {
  await pool.query(
    `DELETE FROM bo.ledger_entries; DELETE FROM bo.payment_orders; DELETE FROM bo.payment_ledger_pairs;
     DELETE FROM sync.settlement_changes; DELETE FROM sync.settlement_violations; DELETE FROM sync.large_settlements;
     DELETE FROM sync.partitions; DELETE FROM sync.hourly_counters`,
  );
}

/** Feeds the events of a case one by one, and returns them as the hub has them. */
async function feed(
  database: TestDatabase,
  { entries, orders = [] }: Pick<SettlementCase, 'entries' | 'orders'>,
) {
  const log: LoggedEvent[] = [];
  for (const [topic, bodies] of [
    ['ledger', entries],
    ['payment_order', orders],
  ] as const) {
    const partition = new Partition();
    for (const body of bodies) {
      const event = partition.event(body);
      const { outcomes } = await ingest(rulesFor(database.pool, topic), [event]);
      assert.equal(outcomes.applied, 1);
      log.push({ topic, ...event, enqueuedAt: event.enqueuedAt / 1000, fault: undefined } as LoggedEvent);
    }
  }
  return log;
}

const settlement = async (database: TestDatabase, id: string) => {
  const [row] = await database.rows(
    `SELECT s.*, paid_amount::text, refunded_amount::text FROM bo.payment_settlements s WHERE payment_order_id = $1`,
    [id],
  );
  if (row === undefined) return null;
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      column.endsWith('_amount') ? value!.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') : value,
    ]),
  );
};

test('there are at least 30 named settlements, each with a name of its own', () => {
  expect(new Set(SETTLEMENT_CASES.map(({ name }) => name)).size).toBe(SETTLEMENT_CASES.length);
  expect(SETTLEMENT_CASES.length).toBeGreaterThanOrEqual(30);
});

test('settlements are what the table of cases says, in this and in the opposite order, and as the model has them', async (t) => {
  const database = await testDatabase(t);
  const client = await database.pool.connect();
  t.onTestFinished(() => client.release());
  await client.query("SET TIME ZONE 'UTC'");
  const wrong: string[] = [];
  for (const one of SETTLEMENT_CASES) {
    for (const entries of [one.entries, one.entries.toReversed()]) {
      await clear(database);
      const log = await feed(database, { ...one, entries });
      for (const [id, columns] of Object.entries(one.expected)) {
        const found = await settlement(database, id);
        const looked =
          found &&
          columns &&
          Object.fromEntries(Object.keys(columns).map((column) => [column, found[column]]));
        try {
          assert.deepEqual(found === null ? null : looked, columns);
        } catch {
          wrong.push(
            `${one.name}: ${id} is ${JSON.stringify(looked ?? found)}, not ${JSON.stringify(columns)}`,
          );
        }
      }
      const { examples } = await compareWithModel(client, model(log), TOPICS);
      wrong.push(...examples.map((example) => `${one.name}, model: ${example}`));
    }
  }
  assert.deepEqual(wrong, []);
});
