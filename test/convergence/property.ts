import assert from 'node:assert/strict';
import fc from 'fast-check';
import type pg from 'pg';
import { test } from 'vitest';
import { sweepSettlements } from '../../shared/store/settlement/sweepSettlements.ts';
import { compareWithModel } from '../../tools/proof/compare.ts';
import { model } from '../../tools/proof/model.ts';
import {
  crowdsAbove,
  expectNewKeysWhere,
  settlementsKeptAbove,
  WRONG_CROWDS,
  WRONG_VIOLATIONS,
} from '../../tools/proof/rulesUnderTest.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { CRASH_TRIGGERS, CrashingPool } from './crashingPool.ts';
import { deliver } from './deliver.ts';
import { type Crash, type Delivered, type History, history } from './history.ts';
import { brokerLog, describeHistory, modelLog } from './plan.ts';

const TOPICS = {
  ledger: 'ledger.entry.upserted',
  payment_order: 'payment.order.upserted',
  pair: 'payment.ledger.paired',
};
const MAX_WRITERS = 4;
/** For a machine that does other things as well. */
const MS_PER_HISTORY = 1000;

/**
 * The promise of SPEC 1 as a test: whatever the order, repetition, batching, concurrency and crashes, the tables end
 * up as the model has them. `CONVERGENCE_SEED` repeats a run, `CONVERGENCE_RUNS` extends it; a failure prints the
 * shrunk history (`CONVERGENCE_SHRINK=no`: the first that fails).
 */
export function convergenceTest(defaultRuns: number): void {
  const runs = Number(process.env['CONVERGENCE_RUNS'] ?? defaultRuns);
  const seed = Number(process.env['CONVERGENCE_SEED'] ?? 20261122);
  const name = `any order, repetition, batching, concurrency, crash, dump, replay and repair gives the same tables (${runs} histories, seed ${seed})`;
  test(name, { timeout: 120_000 + runs * MS_PER_HISTORY }, async (t) => {
    const database = await testDatabase(t);
    await database.pool.query(CRASH_TRIGGERS);
    await database.pool.query(EXPECTATION);
    const writers = Array.from({ length: MAX_WRITERS }, () => new CrashingPool(database.url));
    const client = await database.pool.connect();
    const progress = new Progress(runs);
    const property = fc.asyncProperty(history, async (tried) => {
      await clear(client);
      await client.query('UPDATE expectation SET new_keys = $1, crowd = $2', [
        tried.expectNewKeys,
        tried.crowdLimit,
      ]);
      const log = brokerLog(tried);
      const delivered = await deliver(tried, log, writers);
      await check(database, client, tried, delivered);
      progress.tried(delivered);
    });
    try {
      await fc.assert(property, {
        seed,
        numRuns: runs,
        endOnFailure: process.env['CONVERGENCE_SHRINK'] === 'no',
        asyncReporter: (details) => report(details, database),
      });
      console.log(progress.summary());
      assert.deepEqual(Object.keys(progress.crashes).sort(), ['answer', 'message', 'statement'], 'crashes');
    } finally {
      client.release();
      await Promise.all(writers.map(({ pool }) => pool.end()));
    }
  });
}

/**
 * Histories are too short for ten batches of new keys, and for a group of 64 entries or 500: each says itself whether its
 * batches expect new keys, and how large a large group is.
 */
const EXPECTATION = `
  CREATE TABLE expectation AS SELECT false AS new_keys, 64 AS crowd;
  ${crowdsAbove('(SELECT crowd FROM expectation)')}
  ${settlementsKeptAbove('(SELECT crowd FROM expectation)')}
  ${expectNewKeysWhere('(SELECT new_keys FROM expectation)')}`;

/** Faster than TRUNCATE, which makes new files for tables that hold a few rows. */
async function clear(client: pg.ClientBase): Promise<void> {
  await client.query(
    `DELETE FROM bo.ledger_entries; DELETE FROM bo.payment_orders; DELETE FROM bo.payment_ledger_pairs;
     DELETE FROM sync.crowded_entries;
     DELETE FROM sync.settlement_changes; DELETE FROM sync.settlement_violations; DELETE FROM sync.large_settlements;
     DELETE FROM bo.consumer_dlq_events; DELETE FROM sync.pair_confirmations; DELETE FROM sync.partitions;
     DELETE FROM sync.closed_epochs; DELETE FROM sync.hourly_counters; DELETE FROM sync.hourly_dead_letters;
     DELETE FROM sync.replay_requests; DELETE FROM sync.audit_log`,
  );
}

async function check(
  database: TestDatabase,
  client: pg.ClientBase,
  tried: History,
  { acknowledged, unanswered }: Delivered,
): Promise<void> {
  const log = modelLog(tried);
  const expected = model(log, tried.versionFirst);
  assert.deepEqual((await compareWithModel(client, expected, TOPICS)).examples, []);

  assert.deepEqual(await database.rows(WRONG_CROWDS), [], 'lists of large groups');

  // Once more with settlements that are kept and not computed.
  await sweepSettlements(database.pool, Number.POSITIVE_INFINITY);
  assert.deepEqual((await compareWithModel(client, expected, TOPICS)).examples, [], 'after a sweep');
  assert.deepEqual(await database.rows(WRONG_VIOLATIONS), [], 'lists of violations');

  // The model compares amounts by value; the text of the winner counts too.
  const written = new Map(
    log.map(({ topic, partition, sequenceNumber, body, fault, ignored }) => {
      const amount = fault === undefined && ignored !== true ? String(JSON.parse(String(body)).amount) : '';
      return [`${topic}/${partition}/${sequenceNumber}`, amount];
    }),
  );
  const amounts = await database.rows(AMOUNTS);
  assert.deepEqual(
    amounts.map(({ position, amount }) => `${position} ${amount}`),
    amounts.map(({ position }) => `${position} ${written.get(position!)}`),
    'amounts are the text of their events',
  );
  assert.deepEqual(
    await database.rows(WRONG_PAIR_AMOUNTS),
    [],
    'amounts of pairs are the text of their source',
  );

  const [counted] = await database.rows(
    `SELECT sum(applied + stale + duplicate + conflict + dead_lettered + coalesce(ignored, 0)) AS once,
       sum(dead_lettered) AS dead_lettered, sum(ignored) AS ignored, sum(redelivered) AS again,
       (SELECT coalesce(sum(events), 0) FROM sync.hourly_dead_letters) AS letters,
       (SELECT count(*) FROM sync.sequence_gaps) AS gaps, (SELECT count(*) FROM sync.closed_epochs) AS epochs
     FROM sync.hourly_counters`,
  );
  const { again, ...exact } = counted!;
  // Counted with the outcome of their first delivery, whatever a replay made of them.
  const letters = String(tried.events.filter(({ fault }) => fault !== undefined).length);
  const ignored = String(tried.events.filter((event) => event.ignored === 'always').length);
  const once = String(tried.events.length);
  assert.deepEqual(exact, { once, dead_lettered: letters, ignored, letters, gaps: '0', epochs: '0' });
  // Of a batch that failed nobody knows whether it was committed.
  const repeats = Number(again) - (acknowledged - tried.events.length);
  assert.ok(repeats >= 0 && repeats <= unanswered, `${again} redelivered of ${acknowledged} + ${unanswered}`);
}

const AMOUNTS = `
  SELECT 'ledger/' || source_partition || '/' || source_sequence AS position, amount FROM bo.ledger_entries
  UNION ALL SELECT 'payment_order/' || source_partition || '/' || source_sequence, amount FROM bo.payment_orders
  UNION ALL SELECT 'pair/' || source_partition || '/' || source_sequence, amount FROM sync.pair_confirmations`;

const WRONG_PAIR_AMOUNTS = `
  SELECT p.payment_order_id, p.amount::text FROM bo.payment_ledger_pairs p
  LEFT JOIN sync.pair_confirmations c USING (payment_order_id)
  LEFT JOIN bo.payment_orders o ON o.order_id = p.payment_order_id
  LEFT JOIN bo.ledger_entries l ON l.tx_id = coalesce(p.payment_tx_id, p.receive_tx_id)
  WHERE p.amount::text IS DISTINCT FROM coalesce(c.amount, o.amount, l.amount)::text`;

class Progress {
  readonly #runs: number;
  readonly #startedAt = Date.now();
  #histories = 0;
  #events = 0;
  /** How many there were of each kind. */
  readonly crashes: Partial<Record<Crash['kind'], number>> = {};

  constructor(runs: number) {
    this.#runs = runs;
  }

  tried({ acknowledged, unanswered, crashes }: Delivered): void {
    this.#histories++;
    this.#events += acknowledged + unanswered;
    for (const kind of crashes) this.crashes[kind] = (this.crashes[kind] ?? 0) + 1;
    if (this.#histories % 100 === 0 && this.#histories < this.#runs) console.log(this.summary());
  }

  summary(): string {
    const seconds = Math.round((Date.now() - this.#startedAt) / 1000);
    const { statement = 0, message = 0, answer = 0 } = this.crashes;
    return (
      `  ${this.#histories} of ${this.#runs} histories, ${this.#events} deliveries, crashes: ${statement} at a statement, ` +
      `${message} at a message, ${answer} at the answer, ${seconds} s`
    );
  }
}

/** Throws what a person can follow: the shrunk history, and what was wrong in the end. */
async function report(details: fc.RunDetails<[History]>, database: TestDatabase): Promise<void> {
  // A deadlock would be retried and succeed; there should be none all the same.
  const [found] = await database.rows(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  assert.equal(found!['deadlocks'], '0', 'deadlocks');
  if (!details.failed) return;
  const [shrunk] = details.counterexample ?? [];
  const error = details.errorInstance;
  throw new Error(
    [
      `History ${details.numRuns} of seed ${details.seed} fails; shrunk ${details.numShrinks} times:`,
      shrunk === undefined ? 'no history was generated' : describeHistory(shrunk),
      error instanceof Error ? error.message : String(error),
    ].join('\n'),
  );
}
