import type pg from 'pg';

/** One dead letter whole; `payload` are the exact bytes. */
export async function readDeadLetter(
  database: pg.Pool,
  id: number,
): Promise<(Record<string, unknown> & { readonly payload: Buffer }) | undefined> {
  const { rows } = await database.query('SELECT d.* FROM bo.consumer_dlq_events d WHERE d.dlq_id = $1', [id]);
  return rows[0];
}
