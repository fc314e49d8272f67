import type pg from 'pg';
import { foundIn } from '../../../shared/contracts/found.ts';

/** Open dead letters of a topic and reason in which the same arrived. */
interface CountedDeadLetters {
  readonly topic: string;
  readonly error: string;
  /** What arrived (SPEC 2.4); `null` where that says nothing, such as a field that is missing. */
  readonly found: string | null;
  readonly open: number;
  readonly exhausted: number;
  readonly oldest: string;
}

/** Open dead letters by topic, reason and what arrived, the most frequent of a reason first, with the oldest of each. */
export async function countDeadLetters(
  database: pg.Pool,
  maxAttempts: number,
): Promise<CountedDeadLetters[]> {
  const { rows } = await database.query<{
    topic: string;
    error: string;
    error_detail: string;
    open: number;
    exhausted: number;
    oldest: Date;
  }>(
    `SELECT d.topic, d.error, d.error_detail, count(*)::float8 AS open,
       count(*) FILTER (WHERE d.replay_count >= $1)::float8 AS exhausted, min(d.ingested_at) AS oldest
     FROM bo.consumer_dlq_events d WHERE d.resolved_at IS NULL
     GROUP BY d.topic, d.error, d.error_detail ORDER BY d.topic, d.error`,
    [maxAttempts],
  );
  const groups = Map.groupBy(rows, ({ topic, error, error_detail }) =>
    JSON.stringify([topic, error, foundIn(error_detail)]),
  );
  const counted = [...groups.values()].map((group): CountedDeadLetters => {
    const { topic, error, error_detail } = group[0]!;
    const sum = (count: (row: (typeof group)[number]) => number) =>
      group.reduce((total, row) => total + count(row), 0);
    const oldest = new Date(Math.min(...group.map((row) => row.oldest.getTime()))).toISOString();
    return {
      topic,
      error,
      found: foundIn(error_detail) ?? null,
      open: sum(({ open }) => open),
      exhausted: sum((row) => row.exhausted),
      oldest,
    };
  });
  const place = ({ topic, error }: CountedDeadLetters) => `${topic} ${error}`;
  return counted.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : b.open - a.open));
}
