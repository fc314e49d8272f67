import type pg from 'pg';

/** A pair, with what its status follows from. */
export interface Pair {
  readonly payment_order_id: string;
  readonly pairing_status: 'COMPLETE' | 'INCOMPLETE' | 'AMBIGUOUS';
  readonly payment_tx_id: string | null;
  readonly receive_tx_id: string | null;
  readonly payer_wallet_id: string | null;
  readonly payee_wallet_id: string | null;
  readonly amount: string | null;
  readonly status: string | null;
  readonly mismatch: boolean;
  readonly confirmed: boolean;
  readonly ordered: boolean;
  readonly payment_count: number;
  readonly receive_count: number;
  readonly payment_amount: string | null;
  readonly receive_amount: string | null;
  readonly event_time: string | null;
  readonly updated_at: string;
}

/** `undefined` where nothing pairs under this id. */
export async function readPair(database: pg.Pool, orderId: string): Promise<Pair | undefined> {
  const { rows } = await database.query<Pair>(
    `SELECT payment_order_id, pairing_status, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
       mismatch, confirmed, ordered, payment_count, receive_count, payment_amount, receive_amount,
       event_time AT TIME ZONE 'UTC' || 'Z' AS event_time, updated_at AT TIME ZONE 'UTC' || 'Z' AS updated_at
     FROM bo.payment_ledger_pairs WHERE payment_order_id = $1`,
    [orderId],
  );
  return rows[0];
}
