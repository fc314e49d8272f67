import type pg from 'pg';
import { FUNCTIONS_SCHEMA } from '../../../shared/store/release.ts';

/**
 * Removes the rows of a run of the end-to-end test, and returns how many there were. Keys that are not the run's are left
 * alone. What comes of the run later is removed by the timer, for a day.
 */
export async function removeSynthetic(
  database: pg.Pool,
  run: string,
  scenarios: readonly string[],
): Promise<number> {
  const { rows } = await database.query<{ removed: number }>(
    `SELECT ${FUNCTIONS_SCHEMA}.remove_synthetic($1, $2)::float8 AS removed`,
    [run, scenarios],
  );
  return rows[0]!.removed;
}
