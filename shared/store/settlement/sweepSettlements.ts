import type pg from 'pg';
import { FUNCTIONS_SCHEMA } from '../release.ts';

/** Noted batches, and groups of a pass, of one transaction: it ends well within its statement timeout. */
const BATCHES = 50;
const GROUPS = 20_000;

/**
 * Looks at the settlements that have changed since it was last called, and brings the list of violations up to date; stops
 * where nothing is left to do, or after so many milliseconds. What is left then is for the next call. Its cost follows what
 * changed, not what there is.
 *
 * @returns how many settlements it looked at.
 */
export async function sweepSettlements(
  database: Pick<pg.ClientBase, 'query'>,
  forMs: number,
): Promise<number> {
  const startedAt = performance.now();
  let total = 0;
  while (performance.now() - startedAt < forMs) {
    const { rows } = await database.query<{ looked: number }>(
      `SELECT ${FUNCTIONS_SCHEMA}.sweep_settlements($1, $2) AS looked`,
      [BATCHES, GROUPS],
    );
    const { looked } = rows[0]!;
    if (looked === 0) break;
    total += looked;
  }
  return total;
}
