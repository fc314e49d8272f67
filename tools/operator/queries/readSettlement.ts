import type pg from 'pg';

/** A settlement (SPEC 16); amounts as text, times in UTC with all of their digits. */
export interface Settlement {
  readonly payment_order_id: string;
  readonly state: string;
  readonly paid_amount: string;
  readonly refunded_amount: string;
  readonly charged_back_amount: string;
  readonly fee_amount: string;
  readonly reversed_amount: string;
  readonly net_amount: string;
  readonly refundable_amount: string;
  readonly currency: string | null;
  readonly charge_entries: string;
  readonly refund_entries: string;
  readonly chargeback_entries: string;
  readonly fee_entries: string;
  readonly hold_entries: string;
  readonly reversal_entries: string;
  readonly violations: readonly string[];
  readonly first_event_time: string;
  readonly last_event_time: string;
}

/** `undefined` where no entry of a known type has this id. */
export async function readSettlement(database: pg.Pool, orderId: string): Promise<Settlement | undefined> {
  const { rows } = await database.query<Settlement>(
    `SELECT payment_order_id, state, paid_amount, refunded_amount, charged_back_amount, fee_amount, reversed_amount, net_amount,
       refundable_amount, currency, charge_entries, refund_entries, chargeback_entries, fee_entries, hold_entries,
       reversal_entries, violations, first_event_time AT TIME ZONE 'UTC' || 'Z' AS first_event_time,
       last_event_time AT TIME ZONE 'UTC' || 'Z' AS last_event_time
     FROM bo.payment_settlements WHERE payment_order_id = $1`,
    [orderId],
  );
  return rows[0];
}
