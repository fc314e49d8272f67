import type pg from 'pg';

/** What the view shows of a payment: names and values as PostgreSQL writes them; `null` where no entry has the id. */
export async function settlementForView(
  database: pg.Pool,
  id: string,
): Promise<Readonly<Record<string, string | null>> | null> {
  const { rows } = await database.query<{ columns: Record<string, string | null> }>(
    `SELECT (SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(s))) AS columns
     FROM bo.payment_settlements s WHERE s.payment_order_id = $1`,
    [id],
  );
  return rows[0]?.columns ?? null;
}

/** Violations by kind, also those that time may heal. */
export async function violationsForView(
  database: pg.Pool,
): Promise<readonly { readonly kind: string; readonly payments: number; readonly example: string }[]> {
  const { rows } = await database.query(
    `SELECT kind, count(*)::float8 AS payments, (array_agg(payment_order_id ORDER BY since, payment_order_id))[1] AS example
     FROM sync.settlement_violations GROUP BY kind ORDER BY kind`,
  );
  return rows;
}
