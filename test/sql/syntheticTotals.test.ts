import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { compareWindows } from '../../shared/store/control/compareWindows.ts';
import { CANONICAL_SETTINGS, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { type SyntheticEvent, syntheticEvents } from '../../tools/proof/synthetic/payments.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { SourceTotals } from '../../tools/proof/synthetic/sourceTotals.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const SEED = 20261128;
const EVENTS = 4000;
const STARTED_AT = Date.now() - 600_000;
/** Forty seconds of payments: several windows. */
const EVERY_MS = 10;

/** What is published, in order, with the time of it. */
interface Published {
  readonly event: SyntheticEvent<LogicalTopic>;
  readonly at: number;
}

/** Payments, and the totals that their source sends beside them. */
function publishedEvents() {
  const source = new SourceTotals(STARTED_AT, CANONICAL_SETTINGS.profile);
  const payments: Published[] = [];
  const totals: Published[] = [];
  let at = STARTED_AT;
  for (const event of syntheticEvents(new Random(SEED), 'run', () => at)) {
    if (payments.length === EVENTS) break;
    payments.push({ event, at });
    source.note(event, at);
    totals.push(...source.due(at).map((total) => ({ event: total, at })));
    at += EVERY_MS;
  }
  const beforeEnd = totals.length;
  totals.push(...source.last(at).map((total) => ({ event: total, at })));
  return { payments, totals, beforeEnd, windows: source.windows };
}

/** Each topic through one partition; returns the outcomes of all. */
async function ingestAll(
  database: TestDatabase,
  published: readonly Published[],
): Promise<Record<string, number>> {
  const all: Record<string, number> = {};
  for (const [topic, of] of Map.groupBy(published, ({ event }) => event.topic)) {
    const partition = new Partition(0);
    const events = of.map(({ event, at }) => partition.event(event.body, { enqueuedAt: at * 1000 }));
    for (let from = 0; from < events.length; from += 500) {
      const { outcomes } = await ingest(rulesFor(database.pool, topic), events.slice(from, from + 500));
      for (const [name, count] of Object.entries(outcomes)) all[name] = (all[name] ?? 0) + count;
    }
  }
  return all;
}

async function windowsByState(database: TestDatabase): Promise<Record<string, number>> {
  const topics = (['ledger', 'payment_order'] as const).map((source) => ({
    ...{ source, topic: source, reached: Date.now() },
  }));
  await compareWindows(database.pool, topics, 0, 60_000);
  const rows = await database.rows(
    'SELECT state, count(*) AS windows FROM bo.control_totals GROUP BY state ORDER BY state',
  );
  return Object.fromEntries(rows.map(({ state, windows }) => [state!, Number(windows)]));
}

test(`the totals of synthetic payments match what becomes of their events (seed ${SEED})`, async (t) => {
  const database = await testDatabase(t);
  const { payments, totals, beforeEnd, windows } = publishedEvents();
  assert.ok(
    beforeEnd >= 4 && windows.length >= 8,
    `${beforeEnd} totals before the end, of ${windows.length} windows`,
  );
  // A total may be there before its rows.
  const ofTotals = await ingestAll(database, totals);
  assert.equal(ofTotals['dead_lettered'], 0);
  assert.ok(ofTotals['stale']! > 0 && ofTotals['duplicate']! > 0, 'out of order, and repeated');
  await ingestAll(database, payments);
  assert.deepEqual(await windowsByState(database), { matched: windows.length });
});

test(`an event that never was published makes its window differ (seed ${SEED})`, async (t) => {
  const database = await testDatabase(t);
  const { payments, totals, windows } = publishedEvents();
  const ofOrder =
    (status: string) =>
    ({ event }: Published) =>
      event.topic === 'payment_order' &&
      event.fault === undefined &&
      event.body.includes(`"status":"${status}"`);
  // All events of an entry, and the last state of an order.
  const entry = payments.find(
    ({ event }) => event.topic === 'ledger' && event.fault === undefined && event.key,
  )!.event.key;
  const paid = payments.filter(ofOrder('PAID')).find(({ event }) => event.body.includes('"version":3'))!;
  const orderId = JSON.parse(paid.event.body.toString('utf8')).order_id as string;
  const left = payments.filter(
    ({ event }) =>
      !event.body.includes(`"tx_id":"${entry}"`) &&
      !(event.body.includes('"status":"PAID"') && event.body.includes(`"order_id":"${orderId}"`)),
  );
  assert.ok(left.length <= payments.length - 2);
  await ingestAll(database, [...totals, ...left]);
  assert.deepEqual(await windowsByState(database), {
    content_differs: 1,
    matched: windows.length - 2,
    short: 1,
  });
});
