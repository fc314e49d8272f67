import type pg from 'pg';
import { type ServingRow, servingRow } from './rowText.ts';

/** One ledger entry; `undefined` where none has this id. */
export async function readEntry(database: pg.Pool, txId: string): Promise<ServingRow | undefined> {
  const { rows } = await database.query(
    `SELECT tx_id, wallet_id, entry_type, amount, amount_signed, currency, related_id, related_type, reverses_tx_id,
       event_time AT TIME ZONE 'UTC' || 'Z' AS event_time, created_at AT TIME ZONE 'UTC' || 'Z' AS created_at,
       updated_at AT TIME ZONE 'UTC' || 'Z' AS updated_at, source_version, occurred_at AT TIME ZONE 'UTC' || 'Z' AS occurred_at,
       schema_version, source_partition, source_sequence, source_enqueued_at, ingested_at
     FROM bo.ledger_entries WHERE tx_id = $1`,
    [txId],
  );
  return rows[0] && servingRow(rows[0]);
}
