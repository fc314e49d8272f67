import type pg from 'pg';

/** How many dead letters of a topic are not resolved. */
export interface OpenDeadLetters {
  readonly topic: string;
  readonly open: number;
}

export async function readOpenDeadLetters(client: pg.ClientBase): Promise<OpenDeadLetters[]> {
  const { rows } = await client.query<OpenDeadLetters>(
    `SELECT topic, count(*)::float8 AS open FROM bo.consumer_dlq_events
     WHERE resolved_at IS NULL GROUP BY topic ORDER BY topic`,
  );
  return rows;
}
