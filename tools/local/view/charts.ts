import type { MetricName } from '../../../shared/metrics/catalogue.ts';
import type { MetricRow } from '../telemetry/ingestion.ts';

/** Lines over a shared axis of time, as the chart library takes them; `null` where there is no value. */
export interface Chart {
  readonly title: string;
  readonly unit: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
}

interface ChartPlan {
  readonly title: string;
  readonly unit: string;
  readonly metric: MetricName;
  /** Attributes that tell lines apart. */
  readonly by: readonly string[];
  /** Added up from the beginning of the chart, instead of as it was sent. */
  readonly addUp?: true;
}

const PLANS: readonly ChartPlan[] = [
  { title: 'Throughput', unit: 'events/s', metric: 'consumer_throughput_per_second', by: ['topic'] },
  { title: 'Lag by partition', unit: 'events', metric: 'consumer_kafka_lag', by: ['topic', 'partition'] },
  { title: 'Freshness', unit: 's', metric: 'consumer_freshness_seconds', by: ['topic'] },
  { title: 'Outcomes', unit: 'events', metric: 'consumer_outcomes_total', by: ['outcome'], addUp: true },
  {
    title: 'Dead letters by reason',
    unit: 'events',
    metric: 'consumer_dlq_total',
    by: ['error'],
    addUp: true,
  },
  { title: 'Complete pairs', unit: 'share', metric: 'pair_complete_ratio', by: [] },
  { title: 'Do not add up', unit: 'payments', metric: 'settlement_violations', by: ['kind'] },
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
      title: plan.title,
      unit: plan.unit,
      times,
      lines: sorted.map(([label, values]) => ({ label, values: plan.addUp ? added(values) : values })),
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
