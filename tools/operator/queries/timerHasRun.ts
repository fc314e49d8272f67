import type pg from 'pg';

/** Whether the timer has run in the last two minutes, and since this package was first seen: its functions are indexed. */
export async function timerHasRun(database: pg.Pool, identity: string): Promise<boolean> {
  const { rows } = await database.query<{ ran: boolean | null }>(
    `SELECT exported_at > greatest(
       now() - interval '2 minutes', (SELECT first_seen_at FROM sync.packages WHERE package = $1)) AS ran
     FROM sync.metrics_state`,
    [identity],
  );
  return rows[0]?.ran ?? false;
}
