import type pg from 'pg';

/** Groups of more entries than any payment has (SPEC 5): one `related_id` for a whole settlement run, or `N/A`. */
export interface OversizedGroups {
  readonly groups: number;
  /** Entries of the largest few. */
  readonly largest: readonly number[];
}

/** Above so many entries a group is a mistake of its producer. */
const OVERSIZED = 1000;

/** Reads the few groups that are flagged as crowded, through their own index. */
export async function readOversizedGroups(client: pg.ClientBase): Promise<OversizedGroups> {
  const { rows } = await client.query<OversizedGroups>(
    `SELECT count(*)::integer AS groups, coalesce((array_agg(size ORDER BY size DESC))[:5], '{}') AS largest
     FROM (SELECT p.payment_count + p.receive_count AS size FROM bo.payment_ledger_pairs p WHERE p.crowded) g
     WHERE size > $1`,
    [OVERSIZED],
  );
  return rows[0]!;
}
