import type pg from 'pg';
import { type ServingRow, servingRow } from './rowText.ts';

/**
 * One payment order; `undefined` where none has this id.
 * @param withUserId else its user id is left in the database.
 */
export async function readOrder(
  database: pg.Pool,
  orderId: string,
  withUserId: boolean,
): Promise<ServingRow | undefined> {
  const { rows } = await database.query(
    `SELECT order_id, status, amount, CASE WHEN $2 OR user_id IS NULL THEN user_id ELSE '(hidden: role bo_user_ids)' END AS user_id,
       merchant_name, created_at AT TIME ZONE 'UTC' || 'Z' AS created_at, updated_at AT TIME ZONE 'UTC' || 'Z' AS updated_at,
       source_version, occurred_at AT TIME ZONE 'UTC' || 'Z' AS occurred_at, schema_version, source_partition, source_sequence,
       source_enqueued_at, ingested_at
     FROM bo.payment_orders WHERE order_id = $1`,
    [orderId, withUserId],
  );
  return rows[0] && servingRow(rows[0]);
}
