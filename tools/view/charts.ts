import { ALERT_FILE } from '../../infra/alerts/alerts.ts';
import type { MetricName } from '../../shared/metrics/catalogue.ts';
import type { MetricRow } from '../local/telemetry/ingestion.ts';

/** Lines over a shared axis of time, as the chart library takes them; `null` where there is no value. */
export interface Chart {
  readonly name: ChartName;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
  /** Of the alerts on what is drawn. */
  readonly thresholds: readonly { readonly alert: string; readonly value: number }[];
}

/** Title and unit of each are among the texts of the view. */
export type ChartName =
  | 'throughput'
  | 'lag'
  | 'freshness'
  | 'outcomes'
  | 'deadLetters'
  | 'pairs'
  | 'pairAge'
  | 'settlement';

interface ChartPlan {
  readonly name: ChartName;
  readonly metric: MetricName;
  /** Attributes that tell lines apart. */
  readonly by: readonly string[];
  /** Added up from the beginning of the chart, instead of as it was sent. */
  readonly addUp?: true;
}

const PLANS: readonly ChartPlan[] = [
  { name: 'throughput', metric: 'consumer_throughput_per_second', by: ['topic'] },
  { name: 'lag', metric: 'consumer_kafka_lag', by: ['topic', 'partition'] },
  { name: 'freshness', metric: 'consumer_freshness_seconds', by: ['topic'] },
  { name: 'outcomes', metric: 'consumer_outcomes_total', by: ['outcome'], addUp: true },
  { name: 'deadLetters', metric: 'consumer_dlq_total', by: ['topic', 'error'], addUp: true },
  { name: 'pairs', metric: 'pair_complete_ratio', by: [] },
  { name: 'pairAge', metric: 'pairing_incomplete_age_seconds', by: [] },
  { name: 'settlement', metric: 'settlement_violations', by: ['kind'] },
];

/** The charts of the rows since a time. */
export function chartsOf(rows: readonly MetricRow[], since: Date): Chart[] {
  const recent = rows.filter(({ TimeGenerated: time }) => time >= since);
  const times = [...new Set(recent.filter(isOfTimer).map(secondsOf))].sort((one, other) => one - other);
  const place = new Map(times.map((time, index) => [time, index]));
  return PLANS.map((plan) => {
    const lines = new Map<string, (number | null)[]>();
    for (const row of recent.filter(({ Name }) => Name === plan.metric)) {
      const label = plan.by.map((name) => row.Properties[name]).join(' ');
      const values = lines.get(label) ?? times.map(() => (plan.addUp ? 0 : null));
      lines.set(label, values);
      const index = place.get(secondsOf(row))!;
      values[index] = plan.addUp ? values[index]! + row.Sum : row.Sum;
    }
    const sorted = [...lines].sort(([one], [other]) => (one < other ? -1 : 1));
    return {
      name: plan.name,
      times,
      lines: sorted.map(([label, values]) => ({ label, values: plan.addUp ? added(values) : values })),
      thresholds: ALERT_FILE.alerts
        .filter(({ condition }) => condition.kind === 'every' && condition.metric === plan.metric)
        .map(({ name, threshold }) => ({ alert: name, value: threshold })),
    };
  });
}

/** Each run of the timer sends this one; processes send what they measured at other times. */
function isOfTimer({ Name }: MetricRow): boolean {
  return Name === ('consumer_broker_reachable' satisfies MetricName);
}

function secondsOf({ TimeGenerated }: MetricRow): number {
  return TimeGenerated.getTime() / 1000;
}

function added(values: readonly (number | null)[]): number[] {
  let total = 0;
  return values.map((value) => {
    total += value ?? 0;
    return total;
  });
}
