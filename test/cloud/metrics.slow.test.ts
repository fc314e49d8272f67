import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { RECORD_TOPICS } from '../../shared/contracts/fields.ts';
import { METRICS } from '../../shared/metrics/catalogue.ts';
import type { FaultBed } from '../faults/faultBed.ts';
import type { TestTelemetry } from '../support/telemetry.ts';
import { until } from '../support/until.ts';
import { countByHand } from './handCount.ts';
import { MetricsBed, sum } from './metricsBed.ts';

// What the real exporter sends, received by an endpoint that speaks the ingestion protocol.

const SEED = 71;

/** What the log says of the batches that were stored. */
function storedBatches(log: string): {
  topic: string;
  partition: number;
  transactionIds: string[];
}[] {
  return log
    .split('\n')
    .filter((line) => line.includes('batch ingested'))
    .map((line) => JSON.parse(JSON.parse(line).message));
}

describe(`metrics, from the events to the ingestion endpoint, seed ${SEED}`, () => {
  let metrics: MetricsBed;
  let bed: FaultBed;
  let telemetry: TestTelemetry;
  beforeAll(async () => {
    metrics = await MetricsBed.start(SEED);
    ({ bed, telemetry } = metrics);
  });
  afterAll(() => metrics.stop());

  const ledger = () => bed.cloud.settings.topics.ledger;

  it('counters and ratios are those of the published events, also after an outage of the ingestion', async () => {
    const published = bed.nextEvents(10_000);
    await bed.publishEvents(published.slice(0, 4000));
    telemetry.refuses = true;
    await bed.publishEvents(published.slice(4000));
    await bed.logged(/metrics not taken/);
    telemetry.refuses = false;
    await bed.caughtUp();
    await until(
      'everything is sent',
      60_000,
      () => sum(telemetry.totals('consumer_messages_total')) >= 10_000,
    );
    await metrics.nextRun();

    const { topics, profile } = bed.cloud.settings;
    const expected = countByHand(published, topics, profile.id);
    const table: [string, unknown, unknown][] = [
      ['consumer_messages_total', telemetry.totals('consumer_messages_total'), expected.messages],
      ['consumer_dlq_total', telemetry.totals('consumer_dlq_total'), expected.deadLetters],
      [
        'consumer_contract_profile_messages_total',
        telemetry.totals('consumer_contract_profile_messages_total'),
        expected.profileMessages,
      ],
      [
        'consumer_contract_alias_hit_total',
        telemetry.totals('consumer_contract_alias_hit_total'),
        expected.aliasHits,
      ],
      [
        'consumer_contract_core_violation_total',
        telemetry.totals('consumer_contract_core_violation_total'),
        expected.coreViolations,
      ],
      [
        'consumer_version_missing_total',
        telemetry.totals('consumer_version_missing_total'),
        expected.versionMissing,
      ],
      [
        'pairing_skipped_non_payment_order_total',
        sum(telemetry.totals('pairing_skipped_non_payment_order_total')),
        expected.pairingSkipped,
      ],
      [
        'related_id_null_ratio',
        telemetry.latest('related_id_null_ratio'),
        { '': expected.relatedIdNullRatio },
      ],
      ['consumer_outcomes_total', sum(telemetry.totals('consumer_outcomes_total')), published.length],
      ['consumer_redelivered_total', telemetry.totals('consumer_redelivered_total'), {}],
      ['consumer_key_mismatch_total', telemetry.totals('consumer_key_mismatch_total'), {}],
      ['consumer_kafka_lag', sum(telemetry.latest('consumer_kafka_lag')), 0],
      ['consumer_sequence_gap_events', sum(telemetry.latest('consumer_sequence_gap_events')), 0],
      ['consumer_dlq_open', sum(telemetry.latest('consumer_dlq_open')), sum(expected.deadLetters)],
    ];
    for (const topic of RECORD_TOPICS) {
      const name = topics[topic];
      const of = (counts: Record<string, number>, label: string) => counts[`${name} ${label}`] ?? 0;
      const success = of(expected.messages, 'success');
      const missing = expected.versionMissing[name] ?? 0;
      const received = success + of(expected.messages, 'error');
      const ratio = (metric: Parameters<TestTelemetry['latest']>[0], value: number) =>
        table.push([`${metric} ${topic}`, telemetry.latest(metric)[name], value]);
      ratio('metadata_coverage_ratio', 1 - missing / success);
      ratio('version_missing_ratio', missing / success);
      ratio('core_violation_rate', of(expected.coreViolations, profile.id) / success);
      ratio('alias_hit_ratio', of(expected.aliasHits, profile.id) / received);
    }
    for (const [metric, sent, byHand] of table) assert.deepEqual(sent, byHand, metric);

    const { rows } = await bed.asAdmin((client) =>
      client.query(`SELECT count(*) FILTER (WHERE pairing_status = 'COMPLETE')::float8 / count(*) AS ratio
        FROM bo.payment_ledger_pairs`),
    );
    assert.ok(Math.abs(telemetry.latest('pair_complete_ratio')['']! - rows[0].ratio) < 1e-12);
  });

  it('with a silent publisher freshness rises and nothing is raised for it', async () => {
    await metrics.nextRun();
    const before = telemetry.latest('consumer_freshness_seconds')[ledger()]!;
    await delay(3000);
    await metrics.nextRun();
    assert.ok(telemetry.latest('consumer_freshness_seconds')[ledger()]! > before + 2);
    assert.ok(before > 5);
    assert.equal(sum(telemetry.latest('consumer_kafka_lag')), 0);
    assert.ok(!metrics.raised().includes('DataFreshnessHigh'));
  });

  it('a batch leads to its transaction: from its log line, and from its span under the invocation', async () => {
    const last = storedBatches(bed.hostLog()).findLast(({ topic }) => topic === ledger())!;
    const { rows } = await bed.asAdmin((client) =>
      client.query('SELECT xmin::text FROM sync.partitions WHERE topic = $1 AND partition = $2', [
        last.topic,
        last.partition,
      ]),
    );
    assert.deepEqual(rows, [{ xmin: String(BigInt(last.transactionIds[0]!) % 2n ** 32n) }]);

    // One batch of twenty has a span.
    const ofLedger = () =>
      telemetry.dependencies.filter(({ Name, Success }) => Success && Name === `ingest ${ledger()}`);
    await until('a span was sent', 120_000, async () => {
      await bed.publishEvents(bed.nextEvents(50));
      await bed.caughtUp();
      return ofLedger().length > 0;
    });
    const span = ofLedger().at(-1)!;
    assert.match(span.OperationId ?? '', /^[0-9a-f]{32}$/);
    assert.match(span.ParentId ?? '', /^[0-9a-f]{16}$/);
    const logged = storedBatches(bed.hostLog()).map(({ transactionIds }) => transactionIds.join(' '));
    assert.ok(logged.includes(span.Properties['transaction_ids']!));
  });

  it('no metric is sent but those of the catalogue, with their attributes and nothing of an event', async () => {
    const known: Readonly<Record<string, { readonly attributes: readonly string[] }>> = METRICS;
    for (const { Name, Properties } of telemetry.rows) {
      assert.deepEqual(Object.keys(Properties), known[Name]?.attributes, Name);
    }
    const values = new Set(telemetry.rows.flatMap(({ Properties }) => Object.values(Properties)));
    assert.ok(values.size < 60, `${values.size} values of attributes`);
    assert.doesNotMatch([...values].join(' '), /tx-|order-|wallet-/);
  });

  it('nothing else is sent: requests, dependencies and logs are reported by the Functions host', () => {
    // All of which there were: a line a batch, queries, and the checkpoints over HTTP.
    assert.ok(storedBatches(bed.hostLog()).length > 0);
    assert.deepEqual(telemetry.types, ['MetricData', 'RemoteDependencyData']);
    for (const { Name } of telemetry.dependencies) assert.match(Name, /^ingest /);
  });

  it('a host that stops sends what it has measured; then it is silent, and that is raised', async () => {
    const received = telemetry.rows.length;
    await bed.host.stop();
    const last = telemetry.rows.slice(received).map(({ Name }) => Name);
    assert.ok(last.includes('db_pool_checkout_latency_seconds'));
    const measured = telemetry.of('consumer_event_lag_seconds');
    const ingested = sum(telemetry.totals('consumer_outcomes_total'));
    const items = measured.reduce((total, { ItemCount }) => total + ItemCount, 0);
    assert.ok(items >= ingested, `${items} event lags of ${ingested} events`);
    assert.ok(measured.every(({ Min, Max }) => Min! >= 0 && Max! < 120));
    await metrics.untilRaised('SyncSilent');
    await bed.startHost();
    await metrics.untilCleared('SyncSilent');
  });
});
