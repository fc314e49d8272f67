import type pg from 'pg';

/** Which of these dead letters there are, and which of them are open. */
export async function openDeadLetters(
  database: pg.Pool,
  ids: readonly number[],
): Promise<{ readonly id: number; readonly isOpen: boolean }[]> {
  const { rows } = await database.query<{ id: number; isOpen: boolean }>(
    `SELECT dlq_id::float8 AS id, resolved_at IS NULL AS "isOpen" FROM bo.consumer_dlq_events WHERE dlq_id = ANY ($1)`,
    [ids],
  );
  return rows;
}
