import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Microseconds } from '../../../shared/contracts/timestamp.ts';
import { FUNCTIONS_SCHEMA } from '../../../shared/store/release.ts';

/**
 * Has the timer compare the windows of control totals again that lie in these times, both included. Returns how many, where there
 * are any.
 */
export async function compareAgain(
  database: pg.Pool,
  source: DumpTopic,
  { from, to }: { readonly from: Microseconds; readonly to: Microseconds },
): Promise<{ windows_compared_again?: number }> {
  if (from > to) return {};
  const { rows } = await database.query<{ windows: number }>(
    `SELECT ${FUNCTIONS_SCHEMA}.compare_again($1, to_timestamp($2::float8 / 1000000),
       to_timestamp($3::float8 / 1000000) + interval '1 microsecond') AS windows`,
    [source, from, to],
  );
  const { windows } = rows[0]!;
  return windows > 0 ? { windows_compared_again: windows } : {};
}
