import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { lockStateDirectory } from '../../tools/local/processes/lock.ts';
import { startPostgres } from '../../tools/local/processes/postgres.ts';
import type { Report } from '../../tools/local/report.ts';
import { syntheticEvents } from '../../tools/proof/synthetic/payments.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { LOCAL_POSTGRES } from '../../tools/target/localCloud.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { LocalState } from './localRun.ts';

const SEED = 7;
const HUBS = {
  ledger: 'ledger.entry.upserted',
  payment_order: 'payment.order.upserted',
  pair: 'payment.ledger.paired',
} as const;

/** What a seed's first events are, counted without the product: by hub, and the malformed ones by reason. */
function published(seed: number, events: number) {
  const byTopic: Record<string, number> = {};
  const faults: Record<string, number> = {};
  let left = events;
  for (const { topic, fault } of syntheticEvents(new Random(seed), `${seed}`, () => Date.now())) {
    if (left-- === 0) break;
    const hub = HUBS[topic];
    byTopic[hub] = (byTopic[hub] ?? 0) + 1;
    if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1;
  }
  return { byTopic, faults };
}

function outcomesAddedUp({ outcomes }: Report): Record<string, number> {
  const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count);
  return Object.fromEntries(Object.entries(outcomes).map(([topic, counts]) => [topic, total(counts)]));
}

function assertExact(report: Report, seed: number, events: number): void {
  const { byTopic, faults } = published(seed, events);
  assert.deepEqual(report.failures, []);
  assert.equal(report.ok, true);
  assert.equal(report.seed, seed);
  assert.equal(report.published, events);
  assert.equal(report.consumed, events);
  assert.deepEqual(outcomesAddedUp(report), byTopic);
  assert.deepEqual(report.dead_letters, faults);
  assert.equal(report.gaps, 0);
  assert.equal(report.model_mismatches, 0);
  assert.deepEqual(report.mismatch_examples, []);
}

describe(`npm start -- --exit, seed ${SEED}`, () => {
  let state: LocalState;
  beforeAll(async () => {
    state = await LocalState.create();
  });
  afterAll(() => state.remove());

  const runs = async (command: string) => {
    const end = await state.start(command.split(' ')).ended(150_000);
    assert.deepEqual(await state.openPorts(), [], 'ports that are still open');
    assert.deepEqual(state.processes(), [], 'processes that are left');
    return end;
  };
  /** PostgreSQL alone: what is changed now, no host sees. */
  const onDatabase = async <V>(work: (client: Client) => Promise<V>): Promise<V> => {
    const release = lockStateDirectory(state.directory);
    const port = state.ports.LOCAL_POSTGRES_PORT;
    const postgres = await startPostgres({ directory: join(state.directory, 'postgres'), port });
    try {
      return await withClient(postgres.url(LOCAL_POSTGRES.database), work);
    } finally {
      await postgres.stop();
      release();
    }
  };

  it('every table is exact although all hosts were killed in mid-stream', async () => {
    const { code, stdout, stderr } = await runs(
      `--events 3000 --seed ${SEED} --hosts 2 --kill-hosts 1 --exit`,
    );
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stderr, '');
    const report = state.report();
    assertExact(report, SEED, 3000);
    assert.equal(report.hosts, 2);
    assert.equal(report.host_restarts, 2);
    assert.deepEqual(report.total, {
      in_hubs: 3000,
      consumed: 3000,
      dead_letters: Object.values(report.dead_letters).reduce((sum, count) => sum + count),
    });
    assert.match(stdout, /Every table is exactly what the events say/);
  });

  it('a second run goes on from the state that is kept', async () => {
    const { code, stdout, stderr } = await runs(`--events 400 --seed ${SEED + 1} --exit`);
    assert.equal(code, 0, stdout + stderr);
    const report = state.report();
    assertExact(report, SEED + 1, 400);
    assert.equal(report.host_restarts, 0);
    assert.equal(report.total.in_hubs, 3400);
    assert.equal(report.total.consumed, 3400);
  });

  it('a run names every difference that somebody made, and fails', async () => {
    const differences = await onDatabase(async (client) => {
      const one = async (sql: string) => (await client.query<{ found: string }>(sql)).rows[0]!.found;
      const entry = await one(
        `UPDATE bo.ledger_entries SET amount = amount + 0.01
         WHERE tx_id = (SELECT min(tx_id) FROM bo.ledger_entries) RETURNING tx_id AS found`,
      );
      const order = await one(
        `DELETE FROM bo.payment_orders
         WHERE order_id = (SELECT min(order_id) FROM bo.payment_orders) RETURNING order_id AS found`,
      );
      const pair = await one(
        `UPDATE bo.payment_ledger_pairs SET payment_order_id = 'order-of-nobody'
         WHERE payment_order_id = (SELECT max(payment_order_id) FROM bo.payment_ledger_pairs)
         RETURNING old.payment_order_id AS found`,
      );
      const deadLetter = await one(
        `DELETE FROM bo.consumer_dlq_events
         WHERE dlq_id = (SELECT min(dlq_id) FROM bo.consumer_dlq_events WHERE topic = '${HUBS.ledger}')
         RETURNING partition || '/' || sequence_number || '@' || floor(extract(epoch FROM enqueued_at) * 1000)
           || ': missing, not ' || error AS found`,
      );
      return [
        `ledger_entries ${entry}: amount is `,
        `payment_orders ${order}: missing`,
        `payment_ledger_pairs ${pair}: missing`,
        'payment_ledger_pairs order-of-nobody: unexpected',
        `dead letter ledger/${deadLetter}`,
      ];
    });

    const { code, stdout, stderr } = await runs(`--events 1 --seed ${SEED + 2} --exit`);
    assert.equal(code, 1, stdout + stderr);
    const report = state.report();
    assert.equal(report.ok, false);
    // The settlements of what was changed differ as well.
    const [ofSettlements, ofTables] = [true, false].map((wanted) =>
      report.mismatch_examples.filter((one: string) => one.startsWith('payment_settlements ') === wanted),
    ) as [string[], string[]];
    assert.ok(ofSettlements.length >= 1, stdout);
    assert.equal(ofTables.length, differences.length, stdout);
    assert.equal(report.model_mismatches, differences.length + ofSettlements.length);
    assert.deepEqual(report.failures, [
      `differences between tables and model: ${report.model_mismatches}, not 0`,
    ]);
    for (const [index, difference] of differences.entries()) {
      assert(ofTables[index]?.startsWith(difference), ofTables[index]);
      assert(stdout.includes(difference), stdout);
    }
    assert.match(stdout, /FAILED: differences between tables and model/);
    assert.equal(report.consumed, 1);
    assert.equal(report.gaps, 0);
  });
});
