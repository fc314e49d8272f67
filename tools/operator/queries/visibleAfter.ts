import type pg from 'pg';

/** Percentiles, in milliseconds. */
export interface Delays {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

/** How long after their enqueue time these entries and orders were last written; `null` where there are none. */
export async function visibleAfter(
  database: pg.Pool,
  ledgerKeys: readonly string[],
  orderKeys: readonly string[],
): Promise<Delays> {
  const { rows } = await database.query<Delays>(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) AS p95,
       max(ms) AS max
     FROM (
       SELECT (extract(epoch FROM ingested_at - source_enqueued_at) * 1000)::float8 AS ms
       FROM bo.ledger_entries WHERE tx_id = ANY ($1)
       UNION ALL SELECT (extract(epoch FROM ingested_at - source_enqueued_at) * 1000)::float8
       FROM bo.payment_orders WHERE order_id = ANY ($2)
     ) d`,
    [ledgerKeys, orderKeys],
  );
  return rows[0]!;
}
