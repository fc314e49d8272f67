import type pg from 'pg';
import { failureKind, sqlState } from './sqlstates.ts';
import { withConnection } from './withConnection.ts';

/**
 * Finds the rows that the database refuses for their own sake, by halving: each with the SQLSTATE. The server's message
 * may quote the row, so only its code is returned. Every try is a transaction that is rolled back: nothing is written.
 *
 * @param store writes some of the rows through the client that it is given.
 * @throws where the infrastructure failed.
 */
export async function findRefused<R>(
  database: pg.Pool,
  rows: readonly R[],
  store: (rows: readonly R[], client: pg.ClientBase) => Promise<unknown>,
): Promise<Map<R, string>> {
  const refused = new Map<R, string>();
  await withConnection(database, async (client) => {
    const search = async (part: readonly R[]): Promise<void> => {
      const error = await tryOut(client, () => store(part, client));
      if (error === undefined) return;
      if (part.length > 1) {
        const middle = Math.ceil(part.length / 2);
        await search(part.slice(0, middle));
        await search(part.slice(middle));
      } else for (const row of part) refused.set(row, sqlState(error) ?? '');
    };
    await search(rows);
  });
  return refused;
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
