import type pg from 'pg';
import { withConnection } from '../withConnection.ts';

/**
 * Runs work that nobody else does for the same partition meanwhile; returns `undefined`, without having done anything, where
 * somebody does. It has a connection of its own: what the work writes is committed at once.
 */
export async function withMoveLock<R>(
  database: pg.Pool,
  topic: string,
  partition: number,
  work: () => Promise<R>,
): Promise<R | undefined> {
  // Rolled back where something fails: the connection is closed then, and the lock goes with the transaction.
  return withConnection(database, async (client) => {
    await client.query('BEGIN');
    const { rows } = await client.query<{ ours: boolean }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS ours',
      [`checkpoint of ${topic}/${partition}`],
    );
    const result = rows[0]!.ours ? await work() : undefined;
    await client.query('COMMIT');
    return result;
  });
}
