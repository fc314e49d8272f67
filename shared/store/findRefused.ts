import type pg from 'pg';
import type { LogicalTopic } from '../contracts/fields.ts';
import { failureKind, sqlState } from './sqlstates.ts';
import { TABLE_OF } from './tableOf.ts';
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

/**
 * Stores the rest of a batch in a transaction in which the guilty rows are refused, each once more: neither was judged by a database
 * that somebody has changed, or mended, in the middle of the search. The locks keep its tables as they are until the commit.
 *
 * @param attempt writes a guilty row: it has to fail.
 * @param store writes the others.
 * @throws RefusedNoMore where a row that was refused passes now.
 */
export async function storeBesideRefused<R, V>(
  database: pg.Pool,
  topic: LogicalTopic,
  guilty: readonly R[],
  attempt: (row: R, client: pg.ClientBase) => Promise<unknown>,
  store: (client: pg.ClientBase) => Promise<V>,
): Promise<V> {
  return withConnection(database, async (client) => {
    await client.query('BEGIN');
    await client.query(`LOCK TABLE ${TABLE_OF[topic]}, bo.payment_ledger_pairs IN ROW EXCLUSIVE MODE`);
    for (const row of guilty) {
      const error = await tryOut(
        client,
        () => attempt(row, client),
        'SAVEPOINT guilty',
        'ROLLBACK TO SAVEPOINT guilty',
      );
      if (error === undefined) throw new RefusedNoMore();
    }
    const stored = await store(client);
    await client.query('COMMIT');
    return stored;
  });
}

/** Thrown where PostgreSQL takes a row that it has refused just before: the batch has to be delivered again. */
export class RefusedNoMore extends Error {
  override readonly name = 'RefusedNoMore';
  constructor() {
    super(
      'PostgreSQL takes a row that it refused while the guilty ones were looked for: somebody has changed it meanwhile. ' +
        'Nothing was written, and the batch is tried again.',
    );
  }
}

/** The data failure that the work causes, if any; what it wrote is rolled back. */
async function tryOut(
  client: pg.ClientBase,
  work: () => Promise<unknown>,
  begin = 'BEGIN',
  end = 'ROLLBACK',
): Promise<unknown> {
  await client.query(begin);
  try {
    await work();
    return undefined;
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    return error;
  } finally {
    await client.query(end);
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
