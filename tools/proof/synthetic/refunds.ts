import type { Random } from './random.ts';

/** An entry that follows those of a payment: which one of it (`side`), its type, and what it says besides. */
export interface FollowingEntry {
  readonly side: string;
  readonly type: string;
  readonly change: Readonly<Record<string, unknown>>;
}

/** Of payments. What is planted does not add up: the last three. */
const SHARE = {
  refunded: 0.05,
  fee: 0.05,
  chargedBack: 0.01,
  corrected: 0.01,
  reversedHalf: 0.004,
  refundedTooMuch: 0.004,
  reversalOfUnknown: 0.004,
} as const;

/**
 * What becomes of some payments after they were made; `entry` is the id of one of their entries. The sides are listed in
 * infra/database/functions/70_remove_synthetic.sql.
 */
export function followingEntries(
  random: Random,
  amount: string,
  wallets: { readonly payer: string; readonly payee: string },
  entry: (side: string) => string,
): FollowingEntry[] {
  const both = (flow: string, short: string, number: string, of: string): FollowingEntry[] => [
    {
      side: `${short}o${number}`,
      type: `${flow}_OUT`,
      change: { amount: of, wallet_id: wallets.payee, amount_signed: `-${of}` },
    },
    {
      side: `${short}i${number}`,
      type: `${flow}_IN`,
      change: { amount: of, wallet_id: wallets.payer, amount_signed: of },
    },
  ];
  const undone = (type: string, of: string): FollowingEntry[] =>
    ['p', 'r'].map((side) => ({
      side: `x${side}`,
      type,
      change: { amount: of, reverses_tx_id: entry(side) },
    }));
  return [
    ...(random.chance(SHARE.fee) ? both('FEE', 'f', '', '0.35') : []),
    ...(random.chance(SHARE.refunded)
      ? random.chance(0.5)
        ? both('REFUND', 'r', '1', amount)
        : [...both('REFUND', 'r', '1', '0.10'), ...both('REFUND', 'r', '2', '0.20')]
      : []),
    ...(random.chance(SHARE.chargedBack) ? both('CHARGEBACK', 'c', '', '0.50') : []),
    ...(random.chance(SHARE.corrected) ? undone('CORRECTION', '0.05') : []),
    ...(random.chance(SHARE.reversedHalf) ? undone('REVERSAL', amount).slice(0, 1) : []),
    ...(random.chance(SHARE.refundedTooMuch) ? both('REFUND', 'r', '2', `1${amount}`) : []),
    ...(random.chance(SHARE.reversalOfUnknown)
      ? [{ side: 'xr', type: 'REVERSAL', change: { reverses_tx_id: `${entry('r')}-never` } }]
      : []),
  ];
}
