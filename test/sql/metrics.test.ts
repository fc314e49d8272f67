import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { describe, it, type TestContext } from 'vitest';
import { BUILT_IN_PROFILES, parseProfile, topicNames } from '../../shared/contracts/profile.ts';
import { DEFAULT_SETTLEMENT_RULES } from '../../shared/contracts/settlementRules.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { AzureMonitor } from '../../shared/metrics/azureMonitor.ts';
import { BrokerState } from '../../shared/metrics/brokerState.ts';
import type { Sample } from '../../shared/metrics/catalogue.ts';
import { measureCheckouts } from '../../shared/metrics/measureCheckouts.ts';
import { metricsLog } from '../../shared/metrics/metricsLog.ts';
import { type MetricsRun, runMetrics } from '../../shared/metrics/runMetrics.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { inMetricsRun } from '../../shared/store/metrics/inMetricsRun.ts';
import { readConnections } from '../../shared/store/metrics/readConnections.ts';
import { removeSynthetic } from '../../tools/operator/queries/removeSynthetic.ts';
import { CANONICAL_SETTINGS, entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { TestTelemetry } from '../support/telemetry.ts';

const topics = topicNames(parseProfile(BUILT_IN_PROFILES['canonical-v1'], 'canonical-v1'));

const noBroker = () => Promise.reject(new TypeError('These tests have no broker.'));

/** A database, and runs of the timer on it, without a broker. */
class Timer {
  readonly database: TestDatabase;
  sent: readonly Sample[] = [];
  fails = false;
  packageIdentity: string | undefined;

  constructor(database: TestDatabase) {
    this.database = database;
  }

  async run(database: pg.Pool = this.database.pool): Promise<MetricsRun> {
    const run = await runMetrics({
      database,
      topics,
      settlementRules: DEFAULT_SETTLEMENT_RULES,
      deadLetterRetentionDays: 14,
      controlGraceSeconds: 60,
      packageIdentity: this.packageIdentity,
      privacy: CANONICAL_SETTINGS.privacy,
      broker: new BrokerState(noBroker),
      hub: new HubReader(noBroker),
      checkpoints: undefined,
      send: async (samples) => {
        if (this.fails) throw new Error('The ingestion is away.');
        this.sent = samples;
      },
    });
    assert.ok(run);
    return run;
  }

  value(name: Sample['name'], attributes: Readonly<Record<string, string>> = {}): number | undefined {
    return this.sent.find(
      (sample) =>
        sample.name === name &&
        Object.entries(attributes).every(([key, value]) => sample.attributes[key] === value),
    )?.value;
  }
}

async function timer(t: TestContext): Promise<Timer> {
  return new Timer(await testDatabase(t));
}

const LEDGER = { topic: topics.ledger };

describe('a run of the timer', () => {
  it('counts what a profile ignores apart, and in no ratio', async (t) => {
    const metrics = await timer(t);
    const rules = rulesFor(metrics.database.pool, 'ledger', { ignored: new Set(['tombstones'] as const) });
    const partition = new Partition();
    await metrics.run();
    const bodies = [entry('a'), '', 'null', '', '[]'];
    await ingest(
      rules,
      bodies.map((body) => partition.event(body)),
    );
    await metrics.run();
    const messages = (status: string) => metrics.value('consumer_messages_total', { ...LEDGER, status });
    assert.deepEqual([messages('success'), messages('error'), messages('ignored')], [1, 1, 3]);
    assert.equal(metrics.value('consumer_outcomes_total', { ...LEDGER, outcome: 'ignored' }), 3);
    assert.equal(metrics.value('consumer_error_ratio', LEDGER), 0.5);
    assert.equal(metrics.value('consumer_contract_profile_messages_total', LEDGER), 2);
    assert.equal(metrics.value('core_violation_rate', LEDGER), 0);
  });

  it('sends what was counted since the last one, and sends it again where it was not taken', async (t) => {
    const metrics = await timer(t);
    const rules = rulesFor(metrics.database.pool, 'ledger');
    const partition = new Partition();
    const success = { ...LEDGER, status: 'success' };
    const events = [partition.event(entry('a')), partition.event(entry('b')), partition.event('[]')];
    await ingest(rules, events);
    await metrics.run();
    assert.equal(metrics.value('consumer_messages_total', success), 2);
    assert.equal(metrics.value('consumer_dlq_total', { error: 'not_an_object' }), 1);
    assert.equal(metrics.value('consumer_throughput_per_second', LEDGER), undefined, 'since when?');

    await ingest(rules, events);
    await ingest(rules, [partition.event(entry('c'))]);
    metrics.fails = true;
    const failed = await metrics.run();
    assert.ok(failed.sendFailure instanceof Error);
    assert.match(JSON.stringify(metricsLog(failed)), /metrics not taken/);
    metrics.fails = false;
    await metrics.run();
    assert.equal(metrics.value('consumer_messages_total', success), 1, 'of four deliveries, one is new');
    assert.equal(metrics.value('consumer_redelivered_total', LEDGER), 3);
    assert.ok(metrics.value('consumer_throughput_per_second', LEDGER)! > 0);
    await metrics.run();
    assert.equal(metrics.value('consumer_messages_total', success), undefined);
    assert.equal(metrics.value('consumer_throughput_per_second', LEDGER), 0);
    assert.equal(metrics.value('consumer_error_ratio', LEDGER), undefined, 'a share of nothing');
  });

  it('has no lag without a broker, and says so', async (t) => {
    const metrics = await timer(t);
    const run = await metrics.run();
    assert.equal(metrics.value('consumer_kafka_lag'), undefined);
    assert.equal(metrics.value('consumer_broker_reachable', LEDGER), 0);
    const lines = metricsLog(run).map(({ message, ...line }) => [message, line['lag'] ?? line['topic']]);
    assert.deepEqual(lines, [
      ...Object.values(topics)
        .filter(Boolean)
        .map((topic) => ['broker unreachable: its lag is unknown', topic]),
      ['metrics', 'unknown'],
    ]);
  });

  it('knows which packages of the app run', async (t) => {
    const metrics = await timer(t);
    const running = (identity: string) => metrics.value('consumer_package_running', { package: identity });
    metrics.packageIdentity = 'a'.repeat(64);
    await metrics.run();
    await metrics.database.pool.query(`UPDATE sync.packages SET last_seen_at = now() - interval '1 hour'`);
    metrics.packageIdentity = 'b'.repeat(64);
    await metrics.run();
    assert.deepEqual([running('a'.repeat(64)), running('b'.repeat(64))], [undefined, 1]);
  });

  it('takes away what comes late of an end-to-end test, for a day', async (t) => {
    const metrics = await timer(t);
    const { pool, rows } = metrics.database;
    const run = 'e2e-0123456789ab';
    const rules = rulesFor(pool, 'ledger');
    const late = entry(`tx-p-happy-${run}-7`, { related_id: `order-happy-${run}-7` });
    const event = { ...new Partition().event(late), correlationId: `${run}-7` };
    await removeSynthetic(pool, run, ['happy']);
    await ingest(rules, [event, new Partition(1).event(entry('theirs'))]);
    const pruned = async () => {
      await pool.query(`UPDATE sync.metrics_state SET pruned_at = now() - interval '2 hours'`);
      await metrics.run();
      const left = await rows(
        `SELECT tx_id FROM bo.ledger_entries UNION ALL SELECT payment_order_id FROM bo.payment_ledger_pairs ORDER BY 1`,
      );
      return left.map((row) => row['tx_id']);
    };
    assert.deepEqual(await pruned(), ['order-1', 'theirs']);
    await ingest(rules, [event]);
    await pool.query(`UPDATE sync.removed_runs SET removed_at = now() - interval '25 hours'`);
    assert.equal((await pruned()).length, 4);
    assert.deepEqual(await rows('SELECT FROM sync.removed_runs'), []);
  });

  it('hands over the repairs that count as asked for, also where PostgreSQL goes away behind that', async (t) => {
    const metrics = await timer(t);
    const { pool } = metrics.database;
    const partition = new Partition();
    const events = ['a', 'b', 'c'].map((id) => partition.event(entry(id)));
    await ingest(rulesFor(pool, 'ledger'), [events[0]!, events[2]!]);
    await metrics.run();
    await pool.query(`UPDATE sync.gap_repairs SET due_at = now()`);
    let isKept = false;
    const goesAway: pg.Pool = Object.assign(Object.create(pool), {
      connect: () => {
        if (isKept) return Promise.reject(new Error('The connection is lost.'));
        isKept = true;
        return pool.connect();
      },
      query: (...query: Parameters<pg.Pool['query']>) =>
        isKept ? Promise.reject(new Error('The connection is lost.')) : pool.query(...query),
    });
    const run = await metrics.run(goesAway);
    assert.deepEqual(
      run.repairRequests.map(({ select }) => select.gap),
      [{ ...LEDGER, partition: 0, from: 1, to: 1 }],
    );
    assert.ok(run.sendFailure instanceof Error);
    assert.deepEqual((await metrics.run()).repairRequests, []);
  });

  it('says so where events wait and nobody has ever held their partition', async (t) => {
    const metrics = await timer(t);
    const at = { topic: topics.ledger, partition: 0 };
    const run = { ...(await metrics.run()), holders: [{ ...at, owner: '', isAlive: false, isKnown: false }] };
    const line = metricsLog(run).find(({ message }) => /nobody has ever held/.test(message));
    assert.deepEqual([line?.['topic'], line?.['partition']], [topics.ledger, 0]);
  });

  it('is not one of two at once', async (t) => {
    const metrics = await timer(t);
    const result = await inMetricsRun(metrics.database.pool, () =>
      inMetricsRun(metrics.database.pool, async () => assert.fail('a second run')),
    );
    assert.equal(result, undefined);
  });

  it('knows the incomplete pairs, also when one is completed, reopened or goes away', async (t) => {
    const metrics = await timer(t);
    const rules = rulesFor(metrics.database.pool, 'ledger');
    const partition = new Partition();
    const store = (...bodies: object[]) =>
      ingest(
        rules,
        bodies.map((body) => partition.event(body)),
      );
    const payment = (id: string, change = {}) =>
      entry(`p-${id}`, { entry_type: 'PAYMENT', related_id: id, version: 1, ...change });
    const receive = (id: string) => entry(`r-${id}`, { entry_type: 'RECEIVE', related_id: id, version: 1 });
    const state = async () => {
      await metrics.run();
      return [
        metrics.value('pair_complete_ratio'),
        metrics.value('pairing_incomplete_age_seconds', { quantile: '0.95' }) !== undefined,
      ];
    };
    assert.deepEqual(await state(), [undefined, false]);
    await store(payment('1'), payment('2'));
    assert.deepEqual(await state(), [0, true]);
    await store(receive('1'));
    assert.deepEqual(await state(), [0.5, true]);
    await store(receive('2'));
    assert.deepEqual(await state(), [1, false]);
    // It moves to another order: one pair loses a half, and another one begins.
    await store(payment('1', { related_id: '3', version: 2 }));
    assert.deepEqual(await state(), [1 / 3, true]);
    // The only entry of a pair moves on: the pair is gone, and the other one complete.
    await store(payment('1', { related_id: '1', version: 3 }));
    assert.deepEqual(await state(), [1, false]);
    assert.deepEqual(await metrics.database.rows('SELECT * FROM sync.incomplete_pairs'), []);
  });

  it('notices payments that do not add up, counts them once they are older than a minute, and goes on where it can not look', async (t) => {
    const metrics = await timer(t);
    const { pool } = metrics.database;
    const of = (kind: string) => metrics.value('settlement_violations', { kind });
    await ingest(rulesFor(pool, 'ledger'), [new Partition().event(entry('a'))]);
    await metrics.run();
    assert.deepEqual([of('flow_unbalanced'), of('currency_mixed')], [0, 0]);
    await pool.query(`UPDATE sync.settlement_violations SET since = since - interval '61 seconds'`);
    await metrics.run();
    assert.deepEqual([of('flow_unbalanced'), of('currency_mixed')], [1, 0]);

    await pool.query('ALTER TABLE sync.large_settlements RENAME TO gone');
    await ingest(rulesFor(pool, 'ledger'), [new Partition(1).event(entry('b', { entry_type: 'RECEIVE' }))]);
    const failed = await metrics.run();
    assert.match(JSON.stringify(metricsLog(failed)), /settlements not looked at/);
    assert.equal(of('flow_unbalanced'), 1, 'everything else is sent');
    await pool.query('ALTER TABLE sync.gone RENAME TO large_settlements');
    await metrics.run();
    await metrics.run();
    assert.equal(of('flow_unbalanced'), 0, 'what a run finds is told by the next one');
  });

  it('tells freshness and lag while somebody holds the table of entries', async (t) => {
    const metrics = await timer(t);
    const { pool } = metrics.database;
    await ingest(rulesFor(pool, 'ledger'), [new Partition().event(entry('a'))]);
    const holder = await pool.connect();
    await holder.query('BEGIN; LOCK TABLE bo.ledger_entries');
    const run = await metrics.run();
    await holder.query('ROLLBACK');
    holder.release();
    assert.equal(run.sendFailure, undefined);
    assert.ok(run.sent > 0);
    assert.match(JSON.stringify(metricsLog(run)), /settlements not looked at.*SQLSTATE 55P03/);
  });

  it('counts no row that is older than 7 days, and deletes what is past its retention', async (t) => {
    const metrics = await timer(t);
    const { database } = metrics;
    const partition = new Partition();
    const rules = rulesFor(database.pool, 'ledger');
    await ingest(rules, [
      partition.event(entry('a')),
      partition.event('{'),
      partition.event('[]'),
      partition.event('1'),
    ]);
    await database.pool.query(`UPDATE bo.consumer_dlq_events SET resolved_at =
      CASE error WHEN 'not_json' THEN now() - interval '15 days' ELSE now() - interval '13 days' END
      WHERE sequence_number < 3`);
    await database.pool.query(`INSERT INTO sync.hourly_counters SELECT 'old', 0, now() - d * interval '1 day', 'p',
      1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 FROM unnest(ARRAY[8, 36]) d`);
    await database.pool.query(`INSERT INTO sync.replay_requests (request_id, request, requested_by, ceiling, finished_at)
      SELECT 'r' || d, '{}', 'jo', 0, now() - d * interval '1 day' FROM unnest(ARRAY[34, 36]) d`);
    assert.equal((await metrics.run()).prunedDeadLetters, 0, 'once an hour');
    assert.equal(metrics.value('version_missing_ratio', { topic: 'old' }), undefined);
    assert.equal(metrics.value('consumer_dlq_open', LEDGER), 1);
    await database.pool.query(`UPDATE sync.metrics_state SET pruned_at = now() - interval '61 minutes'`);
    assert.equal((await metrics.run()).prunedDeadLetters, 1);
    const left = await database.rows(
      'SELECT error, resolved_at IS NULL AS open FROM bo.consumer_dlq_events ORDER BY 2',
    );
    assert.equal(left.length, 2);
    assert.deepEqual(await database.rows(`SELECT count(*) FROM sync.hourly_counters WHERE topic = 'old'`), [
      { count: '1' },
    ]);
    assert.deepEqual(await database.rows('SELECT request_id FROM sync.replay_requests'), [
      { request_id: 'r34' },
    ]);
  });
});

it('connections of other logins count as well, though this one may not look into them', async (t) => {
  const database = await testDatabase(t);
  await database.pool.query('CREATE ROLE metrics_reader LOGIN PASSWORD $$reader$$');
  const url = new URL(database.url);
  [url.username, url.password] = ['metrics_reader', 'reader'];
  const reader = new pg.Client(url.href);
  // Many: other test files have connections to this server, too.
  const others = Array.from({ length: 30 }, () => new pg.Client(database.url));
  try {
    await reader.connect();
    const before = await readConnections(reader);
    await Promise.all(others.map((client) => client.connect()));
    const after = await readConnections(reader);
    assert.ok(after.ratio > before.ratio + 0.1, `${before.ratio} and ${after.ratio}`);
    assert.equal(after.checkedOut, 0);
  } finally {
    await Promise.all([reader, ...others].map((client) => client.end()));
    await database.pool.query('DROP ROLE metrics_reader');
  }
});

it('waits for a connection are measured, and sent as a histogram that tells slow ones apart', async (t) => {
  const database = await testDatabase(t);
  const telemetry = await TestTelemetry.start();
  const monitor = new AzureMonitor({ connectionString: telemetry.connectionString });
  const pool = openDatabase({
    connection: { connectionString: database.url },
    poolSize: 1,
    onIdleError: () => {},
  });
  t.onTestFinished(async () => {
    await pool.end();
    await monitor.shutdown();
    await telemetry.stop();
  });
  const waits: number[] = [];
  measureCheckouts(pool, (seconds) => {
    waits.push(seconds);
    const slow = String(seconds > 1);
    monitor.record('db_pool_checkout_latency_seconds', seconds, { slow });
  });
  const held = await pool.connect();
  const waiting = pool.query('SELECT 1 AS one');
  await delay(1100);
  held.release();
  assert.deepEqual((await waiting).rows, [{ one: 1 }]);
  assert.equal(waits.length, 2);
  assert.ok(waits[1]! > 1);
  await monitor.flush();
  const counts = telemetry.of('db_pool_checkout_latency_seconds').map(({ ItemCount, Max, Properties }) => {
    assert.ok(Max! <= Math.max(...waits));
    return [Properties['slow'], ItemCount];
  });
  assert.deepEqual(counts.sort(), [
    ['false', 1],
    ['true', 1],
  ]);
});
