import type pg from 'pg';

/** A payment that does not add up, as the timer has found it. */
export interface ListedViolation {
  readonly payment_order_id: string;
  readonly kind: string;
  readonly since: Date;
  readonly age_seconds: number;
}

/** The oldest first. */
export async function listViolations(
  database: pg.Pool,
  { kind, most }: { readonly kind: string | null; readonly most: number },
): Promise<ListedViolation[]> {
  const { rows } = await database.query<ListedViolation>(
    `SELECT payment_order_id, kind, since, round(extract(epoch FROM now() - since))::float8 AS age_seconds
     FROM sync.settlement_violations WHERE $1::text IS NULL OR kind = $1
     ORDER BY since, payment_order_id, kind LIMIT $2`,
    [kind, most],
  );
  return rows;
}
