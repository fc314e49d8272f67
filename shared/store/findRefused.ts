import type pg from 'pg';
import { failureKind, sqlState } from './sqlstates.ts';
import { withConnection } from './withConnection.ts';

/** Why the database refuses a row: what it says of that but for its message, which may quote the row. */
export interface Refusal {
  readonly state: string;
  /** The SQLSTATE, and the names of table, column and constraint where it says them. */
  readonly reason: string;
}

/**
 * Finds the rows that the database refuses for their own sake, by halving: each with the reason. Every try is a transaction
 * that is rolled back: nothing is written.
 *
 * @param store writes some of the rows through the client that it is given.
 * @param isEnough asked after each one that is found: whether the search can end.
 * @throws where the infrastructure failed.
 */
export async function findRefused<R>(
  database: pg.Pool,
  rows: readonly R[],
  store: (rows: readonly R[], client: pg.ClientBase) => Promise<unknown>,
  isEnough: (refused: ReadonlyMap<R, Refusal>) => boolean = () => false,
): Promise<Map<R, Refusal>> {
  const refused = new Map<R, Refusal>();
  let ended = false;
  await withConnection(database, async (client) => {
    const search = async (part: readonly R[]): Promise<void> => {
      if (ended) return;
      const error = await tryOut(client, () => store(part, client));
      if (error === undefined) return;
      if (part.length > 1) {
        const middle = Math.ceil(part.length / 2);
        await search(part.slice(0, middle));
        await search(part.slice(middle));
      } else {
        for (const row of part) refused.set(row, refusalOf(error));
        ended = isEnough(refused);
      }
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

function refusalOf(error: unknown): Refusal {
  const { table, column, constraint } = error as Partial<Record<'table' | 'column' | 'constraint', string>>;
  const state = sqlState(error) ?? '';
  const names = [
    constraint && `constraint ${constraint}`,
    column && `column ${column}`,
    table && `table ${table}`,
  ];
  return { state, reason: [`SQLSTATE ${state}`, ...names.filter(Boolean)].join(', ') };
}
