import type { Alert, Condition, While } from '../../../infra/alerts/alerts.ts';
import { leastSamples } from '../../../infra/alerts/query.ts';
import { METRICS } from '../../../shared/metrics/catalogue.ts';
import type { MetricRow } from '../telemetry/ingestion.ts';

/** An alert that is raised, for one combination of its dimensions. */
export interface RaisedAlert {
  readonly alert: Alert;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Seconds of a minute of an alert's window: fewer for a drill that must not take minutes. */
export const SECONDS_A_MINUTE = 60;

/**
 * The alerts that the rules in Azure would raise on these rows: what their queries say, without KQL. `watchedSince`: since when
 * rows are taken. Silence before that is no silence.
 */
export function evaluate(
  alerts: readonly Alert[],
  rows: readonly MetricRow[],
  now: Date,
  { secondsAMinute = SECONDS_A_MINUTE, watchedSince = new Date(0) } = {},
): RaisedAlert[] {
  return alerts.flatMap((alert) => {
    const since = now.getTime() - alert.windowMinutes * secondsAMinute * 1000;
    if (alert.condition.kind === 'samples' && watchedSince.getTime() > since) return [];
    const inWindow = rows.filter(
      ({ TimeGenerated: time }) => time.getTime() > since && time.getTime() <= now.getTime(),
    );
    return valuesOf(alert, inWindow)
      .filter(({ value }) =>
        alert.operator === 'GreaterThan' ? value > alert.threshold : value < alert.threshold,
      )
      .map((found) => ({ alert, ...found }));
  });
}

interface Value {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

function valuesOf(alert: Alert, rows: readonly MetricRow[]): Value[] {
  const { condition, dimensions, windowMinutes } = alert;
  const samples = rows.filter(({ Name }) => Name === condition.metric);
  if (condition.kind === 'samples') return [{ dimensions: {}, value: samples.length }];
  const series = seriesOf(samples, dimensions).filter(
    (one) => condition.kind !== 'every' || isWaiting(condition.while, rows, one.dimensions, windowMinutes),
  );
  return series.flatMap((one) => {
    const value = valueOfSeries(condition, one.rows, alert);
    return value === undefined ? [] : [{ dimensions: one.dimensions, value }];
  });
}

function valueOfSeries(
  condition: Exclude<Condition, { kind: 'samples' }>,
  rows: readonly MetricRow[],
  { operator, windowMinutes }: Alert,
): number | undefined {
  switch (condition.kind) {
    case 'every': {
      if (rows.length < leastSamples(windowMinutes)) return undefined;
      const worst = operator === 'GreaterThan' ? Math.min : Math.max;
      return rows.map(gauge).reduce((one, other) => worst(one, other));
    }
    case 'total':
      return rows.reduce((sum, row) => sum + row.Sum, 0);
    case 'share': {
      const column = METRICS[condition.metric].kind === 'histogram' ? 'ItemCount' : 'Sum';
      const sum = (some: readonly MetricRow[]) => some.reduce((total, row) => total + row[column], 0);
      const { attribute, value, without } = condition.of;
      const total = sum(
        rows.filter(({ Properties }) => without === undefined || Properties[attribute] !== without),
      );
      if (total < condition.leastTotal) return undefined;
      return sum(rows.filter(({ Properties }) => Properties[attribute] === value)) / total;
    }
  }
}

function isWaiting(
  condition: While | undefined,
  rows: readonly MetricRow[],
  dimensions: Readonly<Record<string, string>>,
  windowMinutes: number,
): boolean {
  if (condition === undefined) return true;
  const { metric, by, shared } = condition;
  const others = rows.filter(
    ({ Name, Properties }) => Name === metric && Properties[shared] === dimensions[shared],
  );
  return seriesOf(others, by).some(
    (one) => one.rows.length >= leastSamples(windowMinutes) && one.rows.every((row) => gauge(row) > 0),
  );
}

/** The value of a gauge's row. */
export function gauge({ Sum, ItemCount }: MetricRow): number {
  return Sum / ItemCount;
}

function seriesOf(rows: readonly MetricRow[], attributes: readonly string[]) {
  const series = new Map<string, { dimensions: Record<string, string>; rows: MetricRow[] }>();
  for (const row of rows) {
    const values = attributes.map((name) => row.Properties[name] ?? '');
    const key = JSON.stringify(values);
    const found = series.get(key);
    if (found !== undefined) found.rows.push(row);
    else {
      const dimensions = Object.fromEntries(attributes.map((name, index) => [name, values[index]!]));
      series.set(key, { dimensions, rows: [row] });
    }
  }
  return [...series.values()];
}
