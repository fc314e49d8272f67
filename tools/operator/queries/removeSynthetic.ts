import type pg from 'pg';
import { FUNCTIONS_SCHEMA } from '../../../shared/store/release.ts';

/** What a run of the end-to-end test has left in the tables. */
export interface SyntheticRows {
  readonly run: string;
  readonly ledgerKeys: readonly string[];
  readonly orderKeys: readonly string[];
  /** Ids. */
  readonly deadLetters: readonly string[];
}

/** Removes the rows of a run, and returns how many there were. Keys that are not the run's are left alone. */
export async function removeSynthetic(database: pg.Pool, rows: SyntheticRows): Promise<number> {
  const { run, ledgerKeys, orderKeys, deadLetters } = rows;
  const result = await database.query<{ removed: number }>(
    `SELECT ${FUNCTIONS_SCHEMA}.remove_synthetic($1, $2, $3, $4)::float8 AS removed`,
    [run, ledgerKeys, orderKeys, deadLetters],
  );
  return result.rows[0]!.removed;
}
