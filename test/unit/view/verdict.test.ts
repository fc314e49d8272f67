import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ALERT_FILE } from '../../../infra/alerts/alerts.ts';
import type { MetricName } from '../../../shared/metrics/catalogue.ts';
import { evaluate } from '../../../tools/local/alerts/evaluate.ts';
import type { MetricRow } from '../../../tools/local/telemetry/ingestion.ts';
import { chartsOf } from '../../../tools/view/charts.ts';
import { verdictOf } from '../../../tools/view/verdict.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const AT = { topic: 't', partition: '0' };

/** One sample a minute, the newest last. */
function samples(
  Name: MetricName,
  values: readonly number[],
  Properties: Record<string, string> = AT,
): MetricRow[] {
  return values.map((Sum, index) => ({
    TimeGenerated: minutesAgo(values.length - 1 - index),
    ...{ Name, Sum, ItemCount: 1, Min: undefined, Max: undefined, Properties },
  }));
}

const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const alive = samples('consumer_broker_reachable', Array(12).fill(1), { topic: 't' });

function verdict(
  rows: readonly MetricRow[],
  { watchedSince = minutesAgo(60), databaseFailure = undefined as unknown } = {},
) {
  const raised = evaluate(ALERT_FILE.alerts, rows, NOW, { watchedSince });
  return verdictOf({ database: undefined, databaseFailure, raised, rows, watchedSince });
}

describe('the state at a glance', () => {
  it('is all right where nothing is raised, and starting where nothing is known yet: no history is no alarm', async () => {
    assert.equal((await verdict(alive)).kind, 'all right');
    assert.equal((await verdict([], { watchedSince: minutesAgo(1) })).kind, 'starting');
    const stale = samples('consumer_freshness_seconds', Array(12).fill(90_000), { topic: 't' });
    assert.equal((await verdict([...alive, ...stale])).kind, 'all right', 'nothing waits: a silent producer');
  });

  it('counts windows that lack something, before the alert is raised', async () => {
    const incomplete = [2, 3].flatMap((count, topic) =>
      samples('source_windows_incomplete', [0, count], { topic: String(topic) }),
    );
    const { kind, incompleteWindows } = await verdict([...alive, ...incomplete]);
    assert.deepEqual([kind, incompleteWindows], ['all right', 5]);
    assert.equal((await verdict(alive)).incompleteWindows, undefined);
  });

  it('says since when a gauge is beyond its threshold', async () => {
    const lag = samples('consumer_kafka_lag', [0, 2000, 0, 1500, 1500, 1500, 1500, 1500, 1500]);
    const { kind, problems } = await verdict([...alive, ...lag]);
    assert.deepEqual(
      [kind, problems.map(({ name, since }) => [name, since])],
      ['wrong', [['ConsumerLagHigh', minutesAgo(5)]]],
    );
  });

  it('says since when events of a kind have come, without a quiet window between', async () => {
    const letters = (...counts: number[]) =>
      samples('consumer_dlq_total', counts, { topic: 't', error: 'not_json' });
    const since = async (...counts: number[]) =>
      (await verdict([...alive, ...letters(...counts)])).problems[0]?.since;
    assert.deepEqual(await since(1, 0, 0, 0, 2, 0, 0), minutesAgo(6));
    assert.deepEqual(await since(9, 0, 0, 0, 0, 0, 0, 2, 0, 0), minutesAgo(2));
    assert.equal((await verdict([...alive, ...letters(1)])).kind, 'warning');
  });

  it('says since when nothing came at all', async () => {
    const old = alive.map((row) => ({
      ...row,
      TimeGenerated: new Date(row.TimeGenerated.getTime() - 15 * 60_000),
    }));
    const [silent] = (await verdict(old)).problems;
    assert.deepEqual([silent?.name, silent?.since], ['SyncSilent', minutesAgo(15)]);
    assert.deepEqual((await verdict([])).problems[0]?.since, minutesAgo(60));
  });

  it('names the database that can not be asked, and puts the most severe first', async () => {
    const away = Object.assign(new Error('x'), { code: 'ECONNREFUSED', address: '127.0.0.1', port: 1 });
    const { kind, databaseFailure } = await verdict(alive, { databaseFailure: away });
    assert.equal(kind, 'wrong');
    assert.match(databaseFailure!, /PostgreSQL cannot be reached at 127\.0\.0\.1:1/);
    const both = [
      ...samples('consumer_dlq_total', [1], { topic: 't', error: 'not_json' }),
      ...samples('consumer_sequence_gap_events', Array(6).fill(3)),
    ];
    const { problems } = await verdict([...alive, ...both]);
    assert.deepEqual(
      problems.map(({ name }) => name),
      ['SequenceGap', 'DlqActivity'],
    );
  });

  it('draws the thresholds of the alerts on what is drawn', () => {
    const thresholds = chartsOf(alive, minutesAgo(30)).flatMap((chart) =>
      chart.thresholds.map(({ alert, value }) => `${chart.name} ${alert} ${value}`),
    );
    assert.deepEqual(thresholds, [
      'lag ConsumerLagHigh 1000',
      'freshness DataFreshnessHigh 5',
      'pairAge PairIncompleteAgeHigh 3600',
      'settlement SettlementViolation 0',
    ]);
  });
});
