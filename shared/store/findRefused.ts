import type pg from 'pg';
import { failureKind, sqlState } from './sqlstates.ts';

/**
 * Finds the rows that the database refuses for their own sake, by halving: each with the SQLSTATE. The server's message
 * may quote the row, so only its code is told. Every try is a transaction that is rolled back: nothing is written.
 *
 * @param store writes some of the rows through the client that it is given.
 * @throws where the infrastructure failed.
 */
export async function findRefused<R>(
  database: pg.Pool,
  rows: readonly R[],
  store: (rows: readonly R[], client: pg.ClientBase) => Promise<unknown>,
): Promise<Map<R, string>> {
  const client = await database.connect();
  // A connection that is lost fails its statement. Nobody else hears it while it is ours: unheard, it would end the process.
  const heard = () => {};
  client.on('error', heard);
  const refused = new Map<R, string>();
  const search = async (part: readonly R[]): Promise<void> => {
    const error = await tryOut(client, () => store(part, client));
    if (error === undefined) return;
    if (part.length > 1) {
      const middle = Math.ceil(part.length / 2);
      await search(part.slice(0, middle));
      await search(part.slice(middle));
    } else for (const row of part) refused.set(row, sqlState(error) ?? '');
  };
  try {
    await search(rows);
    client.release();
    return refused;
  } catch (error) {
    // Whatever state the connection is in, it is not used again.
    client.release(true);
    throw error;
  } finally {
    client.off('error', heard);
  }
}

/** The data failure that the work causes, if any, in a transaction that is rolled back. */
async function tryOut(client: pg.ClientBase, work: () => Promise<unknown>): Promise<unknown> {
  await client.query('BEGIN');
  try {
    await work();
    return undefined;
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    return error;
  } finally {
    await client.query('ROLLBACK');
  }
}
