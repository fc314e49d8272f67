import type pg from 'pg';

/** Whether nothing is asked for any more of a partition that stood: somebody has set it going since. */
export async function wasSetGoing(database: pg.Pool, topic: string, partition: number): Promise<boolean> {
  const { rows } = await database.query(
    'SELECT FROM sync.standing_partitions WHERE topic = $1 AND partition = $2 AND asked_to IS NULL',
    [topic, partition],
  );
  return rows.length > 0;
}
