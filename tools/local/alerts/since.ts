import type { MetricRow } from '../telemetry/ingestion.ts';
import { gauge, type RaisedAlert } from './evaluate.ts';

/**
 * Since when a raised alert's value has been what raises it, as far as the rows go back: of a gauge, since its first sample of the
 * unbroken run beyond the threshold; of a counter, since the first addition that no whole window without any follows.
 */
export function sinceOf(
  { alert, dimensions }: RaisedAlert,
  rows: readonly MetricRow[],
  watchedSince: Date,
): Date {
  const { condition, operator, threshold, windowMinutes } = alert;
  const series = rows
    .filter(
      ({ Name, Properties }) =>
        Name === condition.metric &&
        Object.entries(dimensions).every(([name, value]) => (Properties[name] ?? '') === value),
    )
    .sort((one, other) => one.TimeGenerated.getTime() - other.TimeGenerated.getTime());
  if (condition.kind === 'samples') return series.at(-1)?.TimeGenerated ?? watchedSince;
  const counts = (row: MetricRow): boolean => {
    if (condition.kind === 'total') return row.Sum > 0;
    if (condition.kind === 'share')
      return row.Properties[condition.of.attribute] === condition.of.value && row.Sum > 0;
    return operator === 'GreaterThan' ? gauge(row) > threshold : gauge(row) < threshold;
  };
  let since = series.at(-1)?.TimeGenerated ?? watchedSince;
  for (const row of series.toReversed()) {
    const isBroken =
      condition.kind === 'every'
        ? !counts(row)
        : since.getTime() - row.TimeGenerated.getTime() > windowMinutes * 60_000;
    if (isBroken) break;
    if (counts(row)) since = row.TimeGenerated;
  }
  return since;
}
