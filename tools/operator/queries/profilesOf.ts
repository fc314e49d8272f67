import type pg from 'pg';

/** The profiles that batches of a partition were read with in the hour of this time; none where that is no longer known. */
export async function profilesOf(
  database: pg.Pool,
  topic: string,
  partition: number,
  at: Date,
): Promise<string[]> {
  const { rows } = await database.query<{ profile_id: string }>(
    `SELECT DISTINCT profile_id FROM sync.hourly_counters
     WHERE topic = $1 AND partition = $2 AND hour = date_trunc('hour', $3::timestamptz, 'UTC') ORDER BY profile_id`,
    [topic, partition, at],
  );
  return rows.map((row) => row.profile_id);
}
