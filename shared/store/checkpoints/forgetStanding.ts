import type pg from 'pg';

/** Forgets that a partition stands: its host gets on by itself. */
export async function forgetStanding(database: pg.Pool, topic: string, partition: number): Promise<void> {
  await database.query('DELETE FROM sync.standing_partitions WHERE topic = $1 AND partition = $2', [
    topic,
    partition,
  ]);
}
