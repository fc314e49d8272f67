import type pg from 'pg';
import type { Alert } from '../../infra/alerts/alerts.ts';
import type { MetricName } from '../../shared/metrics/catalogue.ts';
import { describeFailure } from '../../shared/store/describeFailure.ts';
import type { RaisedAlert } from '../local/alerts/evaluate.ts';
import { sinceOf } from '../local/alerts/since.ts';
import type { MetricRow } from '../local/telemetry/ingestion.ts';
import type { EventPlace } from '../operator/queries/firstDeadLetter.ts';
import { firstEvent } from './firstEvent.ts';

/** An alert that is raised, for all of its series together. */
interface Problem extends Pick<Alert, 'name' | 'severity' | 'operator' | 'threshold' | 'runbook'> {
  readonly since: Date;
  readonly event: EventPlace | undefined;
  /** The worst of the series that raise it, and how many more there are. */
  readonly series: readonly { readonly label: string; readonly value: number }[];
  readonly more: number;
}

/** The state at a glance. */
export interface Verdict {
  /** `starting`: nothing is known yet, and nothing is wrong. */
  readonly kind: 'starting' | 'all right' | 'warning' | 'wrong';
  readonly problems: readonly Problem[];
  /** Why the database can't be asked; `undefined` where it can. */
  readonly databaseFailure: string | undefined;
  readonly watchedSince: Date;
  readonly latest: Date | undefined;
  /** Events that wait in the hubs, and seconds since the newest business event of all; `undefined` where unknown. */
  readonly waiting: number | undefined;
  readonly freshness: number | undefined;
  readonly openDeadLetters: number | undefined;
  /** Windows of time that lack what their source has counted. */
  readonly incompleteWindows: number | undefined;
}

const SERIES_SHOWN = 4;
/** Error, as Azure counts: what is less severe lets the sync go on. */
const WORST_WARNING = 2;

interface Known {
  readonly database: pg.Pool | undefined;
  readonly databaseFailure: unknown;
  readonly raised: readonly RaisedAlert[];
  readonly rows: readonly MetricRow[];
  readonly watchedSince: Date;
}

export async function verdictOf({
  database,
  databaseFailure,
  raised,
  rows,
  watchedSince,
}: Known): Promise<Verdict> {
  const problems = await Promise.all(
    [...Map.groupBy(raised, ({ alert }) => alert.name).values()].map((series) =>
      problemOf(series, databaseFailure === undefined ? database : undefined, rows, watchedSince),
    ),
  );
  problems.sort((one, other) => one.severity - other.severity || one.since.getTime() - other.since.getTime());
  const latest = rows.reduce<Date | undefined>(
    (newest, { TimeGenerated: time }) => (newest === undefined || time > newest ? time : newest),
    undefined,
  );
  const isWrong = databaseFailure !== undefined || (problems[0]?.severity ?? Infinity) < WORST_WARNING;
  const kind = isWrong
    ? 'wrong'
    : problems.length > 0
      ? 'warning'
      : latest === undefined
        ? 'starting'
        : 'all right';
  const newest = (name: MetricName) => latestOf(rows, name);
  const freshness = newest('consumer_freshness_seconds');
  const sum = (values: readonly number[]) =>
    values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
  return {
    kind,
    problems,
    databaseFailure: databaseFailure === undefined ? undefined : describeFailure(databaseFailure),
    watchedSince,
    latest,
    waiting: sum(newest('consumer_kafka_lag')),
    freshness: freshness.length === 0 ? undefined : Math.min(...freshness),
    openDeadLetters: sum(newest('consumer_dlq_open')),
    incompleteWindows: sum(newest('source_windows_incomplete')),
  };
}

async function problemOf(
  series: readonly RaisedAlert[],
  database: pg.Pool | undefined,
  rows: readonly MetricRow[],
  watchedSince: Date,
): Promise<Problem> {
  const begun = series
    .map((one) => ({ one, since: sinceOf(one, rows, watchedSince) }))
    .sort((a, b) => a.since.getTime() - b.since.getTime());
  const { one: first, since } = begun[0]!;
  const { name, severity, operator, threshold, runbook } = first.alert;
  const upwards = operator === 'GreaterThan' ? 1 : -1;
  const worst = series.toSorted((one, other) => (other.value - one.value) * upwards);
  return {
    ...{ name, severity, operator, threshold, runbook, since },
    event: database && (await firstEvent(database, first, since, rows)),
    series: worst
      .slice(0, SERIES_SHOWN)
      .map(({ dimensions, value }) => ({ label: Object.values(dimensions).join(' '), value })),
    more: Math.max(0, worst.length - SERIES_SHOWN),
  };
}

/** The latest value of each series of a gauge. */
function latestOf(rows: readonly MetricRow[], name: MetricName): number[] {
  const latest = new Map<string, MetricRow>();
  for (const row of rows.filter(({ Name }) => Name === name)) {
    const key = JSON.stringify(row.Properties);
    if ((latest.get(key)?.TimeGenerated ?? 0) <= row.TimeGenerated) latest.set(key, row);
  }
  return [...latest.values()].map(({ Sum }) => Sum);
}
