import type pg from 'pg';

export interface CountedViolations {
  readonly kind: string;
  readonly payments: number;
  /** Of these, older than time may heal. */
  readonly older: number;
}

/** How many payments do not add up, by what is wrong; and whether the timer has batches left to look at. */
export async function countViolations(
  database: pg.Pool,
): Promise<{ readonly kinds: CountedViolations[]; readonly unseen: boolean }> {
  const kinds = await database.query<CountedViolations>(
    `SELECT kind, count(*)::float8 AS payments,
       count(*) FILTER (WHERE since < now() - interval '60 seconds')::float8 AS older
     FROM sync.settlement_violations GROUP BY kind ORDER BY kind`,
  );
  const left = await database.query<{ unseen: boolean }>(
    `SELECT EXISTS (SELECT FROM sync.settlement_changes WHERE ended_at < now() - interval '2 minutes')
       OR EXISTS (SELECT FROM sync.settlement_rules WHERE next_group IS NOT NULL) AS unseen`,
  );
  return { kinds: kinds.rows, unseen: left.rows[0]!.unseen };
}
