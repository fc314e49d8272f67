import { entry, order } from '../../tools/proof/exampleEvents.ts';

/** Settlements by name: the events that make one, in any order, and what it has to be. Amounts by value. */
export interface SettlementCase {
  readonly name: string;
  readonly entries: readonly object[];
  readonly orders?: readonly object[];
  /** Of `o`, unless another id is named; `null`: there is no row. Columns that are left out are not looked at. */
  readonly expected: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
}

let number = 0;
/** An entry of order `o`: 100 from the payer's wallet to the payee's. */
export const e = (tx_id: string, entry_type: string, change: object = {}): object =>
  entry(tx_id, {
    entry_type,
    wallet_id: /PAYMENT|_IN$|HOLD|RELEASE/.test(entry_type) ? 'payer' : 'payee',
    amount: '100',
    related_id: 'o',
    event_time: `2026-11-22T11:00:00.${String(number++ % 1000).padStart(6, '0')}Z`,
    ...change,
  });
/** An order. */
export const o = (status: string, id = 'o') => order(id, { status });

/** Both halves of a payment. */
export const PAY = [e('p', 'PAYMENT'), e('r', 'RECEIVE')];
/** Both halves of a refund. */
export const refund = (n: number, amount: string, change: object = {}) => [
  e(`ro${n}`, 'REFUND_OUT', { amount, ...change }),
  e(`ri${n}`, 'REFUND_IN', { amount, ...change }),
];
/** A reversal of the whole amount of the entry that it names. */
export const reversal = (tx_id: string, reverses_tx_id: string | null, change: object = {}) =>
  e(tx_id, 'REVERSAL', { reverses_tx_id, ...change });
