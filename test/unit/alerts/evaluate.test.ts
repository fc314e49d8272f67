import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ALERT_FILE } from '../../../infra/alerts/alerts.ts';
import type { MetricName } from '../../../shared/metrics/catalogue.ts';
import { evaluate } from '../../../tools/local/alerts/evaluate.ts';
import type { MetricRow } from '../../../tools/local/telemetry/ingestion.ts';

const NOW = new Date('2026-11-22T12:00:00Z');

/** Samples of the last minutes, one every 30 s, the newest last. */
function samples(
  name: MetricName,
  values: readonly number[],
  Properties: Record<string, string> = {},
): MetricRow[] {
  return values.map((Sum, index) => ({
    TimeGenerated: new Date(NOW.getTime() - (values.length - 1 - index) * 30_000),
    Name: name,
    Sum,
    ItemCount: 1,
    Min: undefined,
    Max: undefined,
    Properties,
  }));
}

const times = (count: number, value: number) => Array.from({ length: count }, () => value);
const raised = (rows: readonly MetricRow[]) =>
  evaluate(ALERT_FILE.alerts, rows, NOW)
    .filter(({ alert }) => alert.name !== 'SyncSilent')
    .map(({ alert, dimensions }) => [alert.name, ...Object.values(dimensions)].join(' '));
const AT = { topic: 't', partition: '0' };

describe('the local evaluation of alerts', () => {
  it('raises nothing for silence before it watched', () => {
    const silent = (minutesAgo: number) =>
      evaluate(ALERT_FILE.alerts, [], NOW, { watchedSince: new Date(NOW.getTime() - minutesAgo * 60_000) })
        .length;
    assert.deepEqual([silent(0), silent(9), silent(10)], [0, 0, 1]);
  });

  it('raises SyncSilent where there is no row, and where the last one is 10 minutes old', () => {
    const silent = (rows: MetricRow[]) =>
      evaluate(ALERT_FILE.alerts, rows, NOW).some(({ alert }) => alert.name === 'SyncSilent');
    assert.equal(silent([]), true);
    assert.equal(silent(samples('consumer_broker_reachable', [1])), false);
    const [row] = samples('consumer_broker_reachable', [1]);
    const at = (minutes: number) => ({ ...row!, TimeGenerated: new Date(NOW.getTime() - minutes * 60_000) });
    assert.deepEqual([silent([at(9.9)]), silent([at(10.1)])], [false, true]);
  });

  it('raises DataFreshnessHigh only where a partition of the topic waits all the time', () => {
    const stale = samples('consumer_freshness_seconds', times(10, 60), { topic: 't' });
    const lag = (values: number[], at = AT) => samples('consumer_kafka_lag', values, at);
    assert.deepEqual(raised([...stale, ...lag(times(10, 3))]), ['DataFreshnessHigh t']);
    assert.deepEqual(raised([...stale, ...lag(times(10, 0))]), [], 'a silent publisher');
    assert.deepEqual(raised([...stale, ...lag([...times(9, 3), 0])]), [], 'it went on once');
    assert.deepEqual(raised(stale), [], 'lag unknown');
    assert.deepEqual(raised([...stale, ...lag(times(10, 3), { ...AT, topic: 'other' })]), []);
    const fresh = samples('consumer_freshness_seconds', [...times(9, 60), 4], { topic: 't' });
    assert.deepEqual(raised([...fresh, ...lag(times(10, 3))]), []);
  });

  it('needs samples enough: one after a silence says nothing of the window', () => {
    const gap = (count: number) => samples('consumer_sequence_gap_events', times(count, 5), AT);
    assert.deepEqual(raised(gap(2)), []);
    assert.deepEqual(raised(gap(3)), ['SequenceGap t 0']);
  });

  it('takes a threshold as the last good value', () => {
    const rate = (value: number) => samples('core_violation_rate', times(30, value), { topic: 't' });
    assert.deepEqual(raised(rate(0.001)), []);
    assert.deepEqual(raised(rate(0.0011)), ['ContractCoreViolationHigh t']);
    const coverage = (value: number) => samples('metadata_coverage_ratio', times(30, value), { topic: 't' });
    assert.deepEqual(raised(coverage(0.99)), []);
    assert.deepEqual(raised(coverage(0.98)), ['MetadataCoverageLow t']);
  });

  it('has a least volume for a share, and adds counters up for a total', () => {
    const messages = (success: number, error: number) => [
      ...samples('consumer_messages_total', [success], { topic: 't', status: 'success' }),
      ...samples('consumer_messages_total', [error], { topic: 't', status: 'error' }),
    ];
    assert.deepEqual(raised(messages(9, 9)), []);
    assert.deepEqual(raised(messages(90, 10)), ['ErrorRatioHigh t']);
    assert.deepEqual(raised(messages(96, 4)), []);
    const letters = samples('consumer_dlq_total', [1], { topic: 't', error: 'not_json' });
    assert.deepEqual(raised(letters), ['DlqActivity t not_json']);
  });

  it('leaves out of a share what is neither stored nor refused', () => {
    const of = (status: string, sum: number) =>
      samples('consumer_messages_total', [sum], { topic: 't', status });
    const some = [...of('success', 92), ...of('error', 8)];
    assert.deepEqual(raised(some), ['ErrorRatioHigh t']);
    assert.deepEqual(raised([...some, ...of('ignored', 1000)]), ['ErrorRatioHigh t']);
    assert.deepEqual(raised([...of('error', 8), ...of('ignored', 92)]), [], 'eight events, and others');
  });

  it('reads a percentile of waits from their slow share', () => {
    const waits = (slow: number, all: number) => [
      { ...samples('db_pool_checkout_latency_seconds', [slow * 2], { slow: 'true' })[0]!, ItemCount: slow },
      { ...samples('db_pool_checkout_latency_seconds', [0.1], { slow: 'false' })[0]!, ItemCount: all - slow },
    ];
    assert.deepEqual(raised(waits(6, 100)), ['DbPoolCheckoutSlow']);
    assert.deepEqual(raised(waits(5, 100)), []);
    assert.deepEqual(raised(waits(10, 19)), []);
  });
});
