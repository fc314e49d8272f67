import type pg from 'pg';

/** Violations of a kind that are older than time may heal: the halves of a payment arrive within seconds. */
export interface ViolationCount {
  readonly kind: string;
  readonly payments: number;
}

/** A younger one may be a half whose other half is on its way (SPEC 16). */
const HEALING_SECONDS = 60;

export async function readViolations(client: pg.Pool | pg.ClientBase): Promise<ViolationCount[]> {
  const { rows } = await client.query<ViolationCount>(
    `SELECT kind, count(*)::float8 AS payments FROM sync.settlement_violations
     WHERE since < now() - make_interval(secs => $1) GROUP BY kind ORDER BY kind`,
    [HEALING_SECONDS],
  );
  return rows;
}
