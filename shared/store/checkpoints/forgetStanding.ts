import type pg from 'pg';

/** Forgets a partition whose repair was asked for: its host gets on by itself. Not one that was set going meanwhile. */
export async function forgetStanding(database: pg.Pool, topic: string, partition: number): Promise<void> {
  await database.query(
    'DELETE FROM sync.standing_partitions WHERE topic = $1 AND partition = $2 AND asked_to IS NOT NULL',
    [topic, partition],
  );
}
