import type pg from 'pg';

/** Open dead letters by topic and reason, with the oldest of each. */
export async function countDeadLetters(
  database: pg.Pool,
  maxAttempts: number,
): Promise<Record<string, unknown>[]> {
  const { rows } = await database.query(
    `SELECT d.topic, d.error, count(*)::float8 AS open, count(*) FILTER (WHERE d.replay_count >= $1)::float8 AS exhausted,
       min(d.ingested_at) AS oldest
     FROM bo.consumer_dlq_events d WHERE d.resolved_at IS NULL
     GROUP BY d.topic, d.error ORDER BY d.topic, d.error`,
    [maxAttempts],
  );
  return rows.map(({ oldest, ...row }) => ({ ...row, oldest: oldest.toISOString() }));
}
