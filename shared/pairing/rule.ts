/**
 * Which entries are the two halves of a payment (SPEC 5). The database decides by the same words
 * (infra/database/functions/pair_membership.sql).
 */
export const PAYMENT_PAIRING = {
  paymentEntryType: 'PAYMENT',
  receiveEntryType: 'RECEIVE',
  /** Entries with another `related_type` are stored, not paired; entries with none are paired. */
  relatedType: 'PAYMENT_ORDER',
} as const;
