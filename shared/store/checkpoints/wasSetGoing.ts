import type pg from 'pg';

/** Whether a partition that stood was set going, and nothing was asked for since. */
export async function wasSetGoing(database: pg.Pool, topic: string, partition: number): Promise<boolean> {
  const { rows } = await database.query(
    `SELECT FROM sync.standing_partitions
     WHERE topic = $1 AND partition = $2 AND asked_to IS NULL AND moved_at IS NOT NULL`,
    [topic, partition],
  );
  return rows.length > 0;
}
