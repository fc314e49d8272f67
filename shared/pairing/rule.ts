/**
 * Which entries are the two halves of a payment (SPEC 5, 13). Data, handed to the database with every batch:
 * further kinds of pairs (refund, reversal) are further rules, not other code.
 */
export interface PairingRule {
  readonly paymentEntryType: string;
  readonly receiveEntryType: string;
  /** Entries with another `related_type` are stored, not paired; entries with none are paired. */
  readonly relatedType: string;
}

export const PAYMENT_PAIRING: PairingRule = {
  paymentEntryType: 'PAYMENT',
  receiveEntryType: 'RECEIVE',
  relatedType: 'PAYMENT_ORDER',
};
