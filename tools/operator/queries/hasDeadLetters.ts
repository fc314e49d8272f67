import type pg from 'pg';

/** Whether there is any dead letter of this hub, open or not. */
export async function hasDeadLetters(database: pg.Pool, topic: string): Promise<boolean> {
  const { rows } = await database.query<{ has: boolean }>(
    'SELECT EXISTS (SELECT FROM bo.consumer_dlq_events WHERE topic = $1) AS has',
    [topic],
  );
  return rows[0]!.has;
}
