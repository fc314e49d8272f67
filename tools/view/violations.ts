import type pg from 'pg';

/** Payments of one kind that do not add up, also those that time may heal, and the one that has not for longest. */
export interface ViolationsOfKind {
  readonly kind: string;
  readonly payments: number;
  readonly oldest: string;
}

/** Violations by kind (SPEC 16). */
export async function violationsByKind(database: pg.Pool): Promise<readonly ViolationsOfKind[]> {
  const { rows } = await database.query<ViolationsOfKind>(
    `SELECT kind, count(*)::float8 AS payments, (array_agg(payment_order_id ORDER BY since, payment_order_id))[1] AS oldest
     FROM sync.settlement_violations GROUP BY kind ORDER BY kind`,
  );
  return rows;
}
