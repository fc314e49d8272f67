import type pg from 'pg';
import { readLedger } from '../../shared/store/metrics/readLedger.ts';
import type { RaisedAlert } from '../local/alerts/evaluate.ts';
import type { MetricRow } from '../local/telemetry/ingestion.ts';
import { type EventPlace, firstDeadLetter } from '../operator/queries/firstDeadLetter.ts';

/** A dead letter is counted by the timer after it was parked: two of its runs, and a slow one. */
const COUNTED_WITHIN_MS = 90_000;

const OF_DEAD_LETTERS = ['consumer_dlq_total', 'consumer_messages_total', 'core_violation_rate'];

/**
 * The event with which the trouble of an alert begins, as far as one can be named: the first dead letter since then; the first
 * event that a partition is waiting for, or that was delivered past us.
 */
export async function firstEvent(
  database: pg.Pool,
  { alert, dimensions }: RaisedAlert,
  since: Date,
  rows: readonly MetricRow[],
): Promise<EventPlace | undefined> {
  const { topic, error = null } = dimensions;
  if (topic === undefined) return undefined;
  if (OF_DEAD_LETTERS.includes(alert.condition.metric)) {
    return firstDeadLetter(database, topic, error, new Date(since.getTime() - COUNTED_WITHIN_MS));
  }
  const isAboutWaiting =
    dimensions['partition'] !== undefined ||
    (alert.condition.kind === 'every' && alert.condition.while !== undefined);
  if (!isAboutWaiting) return undefined;
  const partition = dimensions['partition'] ?? mostWaiting(topic, rows);
  const found = (await readLedger(database)).find(
    (one) => one.topic === topic && String(one.partition) === partition,
  );
  if (found === undefined) return undefined;
  const next = found.lastSeen === null ? 0 : found.lastSeen + 1;
  const isGap = alert.condition.metric === 'consumer_sequence_gap_events';
  return { topic, partition: found.partition, number: isGap ? (found.gapFirst ?? next) : next };
}

/** The partition of a topic in which the most events wait, by the latest sample of each. */
function mostWaiting(topic: string, rows: readonly MetricRow[]): string | undefined {
  const latest = new Map(
    rows
      .filter(({ Name, Properties }) => Name === 'consumer_kafka_lag' && Properties['topic'] === topic)
      .map(({ Properties, Sum }) => [Properties['partition']!, Sum]),
  );
  return [...latest].sort(([, one], [, other]) => other - one)[0]?.[0];
}
