import { e, o, PAY, refund, reversal, type SettlementCase } from './settlementEvents.ts';

/** Settlements with reversals, corrections, chains of them and circles. */
export const REVERSAL_CASES: readonly SettlementCase[] = [
  {
    name: 'both halves reversed',
    entries: [...PAY, reversal('x', 'p'), reversal('y', 'r')],
    expected: {
      o: {
        state: 'REVERSED',
        paid_amount: '0',
        reversed_amount: '200',
        reversal_entries: '2',
        charge_entries: '2',
        violations: '{}',
      },
    },
  },
  {
    name: 'both halves reversed of an order that is cancelled',
    entries: [...PAY, reversal('x', 'p'), reversal('y', 'r')],
    orders: [o('CANCELLED')],
    expected: { o: { state: 'CANCELLED', violations: '{}' } },
  },
  {
    name: 'one half reversed',
    entries: [...PAY, reversal('x', 'p')],
    expected: {
      o: { state: 'PENDING', paid_amount: '0', reversed_amount: '100', violations: '{flow_unbalanced}' },
    },
  },
  {
    name: 'a correction takes a part off',
    entries: [
      ...PAY,
      e('x', 'CORRECTION', { reverses_tx_id: 'p', amount: '10' }),
      e('y', 'CORRECTION', { reverses_tx_id: 'r', amount: '10' }),
    ],
    expected: { o: { state: 'PAID', paid_amount: '90', reversed_amount: '20', violations: '{}' } },
  },
  {
    name: 'a second payment that was reversed makes nothing ambiguous',
    entries: [...PAY, e('p2', 'PAYMENT'), reversal('x', 'p2')],
    expected: { o: { state: 'PAID', paid_amount: '100', charge_entries: '3', violations: '{}' } },
  },
  {
    name: 'two payments of one order',
    entries: [...PAY, e('p2', 'PAYMENT')],
    expected: { o: { state: 'PAID', paid_amount: '100', violations: '{flow_ambiguous,flow_unbalanced}' } },
  },
  {
    name: 'a reversal goes to the group of what it names, whatever its own says',
    entries: [...PAY, reversal('x', 'p', { related_id: 'other', related_type: 'PAYOUT' })],
    expected: { o: { state: 'PENDING', reversal_entries: '1' }, other: null },
  },
  {
    name: 'a reversal without a related_id of its own',
    entries: [...PAY, reversal('x', 'p', { related_id: null, amount: '1' })],
    expected: { o: { reversed_amount: '1', violations: '{flow_unbalanced}' } },
  },
  {
    name: 'a reversal waits in its own group for the entry that it names',
    entries: [reversal('x', 'p')],
    expected: {
      o: {
        state: 'PENDING',
        reversal_entries: '1',
        reversed_amount: '0',
        violations: '{reversal_of_unknown}',
      },
    },
  },
  {
    name: 'a reversal that names none',
    entries: [...PAY, reversal('x', null)],
    expected: { o: { state: 'PAID', reversal_entries: '1', violations: '{reversal_of_unknown}' } },
  },
  {
    name: 'a reversal of an unknown entry, without a group',
    entries: [reversal('x', 'nobody', { related_id: null })],
    expected: { o: null },
  },
  {
    name: 'a reversal of an entry that is in no group is in none',
    entries: [
      e('f', 'PAYMENT', { related_type: 'PAYOUT' }),
      e('b', 'BONUS'),
      reversal('x', 'f'),
      reversal('y', 'b'),
    ],
    expected: { o: null },
  },
  {
    name: 'a reversal of a reversal takes nothing off and goes where that is',
    entries: [
      ...PAY,
      reversal('x', 'p', { amount: '30' }),
      reversal('y', 'x', { related_id: 'other', amount: '30' }),
    ],
    expected: {
      o: {
        reversed_amount: '30',
        reversal_entries: '2',
        violations: '{flow_unbalanced,reversal_of_reversal}',
      },
      other: null,
    },
  },
  {
    name: 'a chain of reversals of an unknown entry waits where its first one does',
    entries: [reversal('x', 'nobody', { related_id: 'a' }), reversal('y', 'x', { related_id: 'b' })],
    expected: {
      a: { reversal_entries: '2', violations: '{reversal_of_reversal,reversal_of_unknown}' },
      b: null,
    },
  },
  {
    name: 'reversals in a circle, what leads into it, and one of itself are in no group',
    entries: [
      ...PAY,
      reversal('x', 'y'),
      reversal('y', 'z'),
      reversal('z', 'x'),
      reversal('w', 'x'),
      reversal('s', 's'),
    ],
    expected: { o: { state: 'PAID', reversal_entries: '0', violations: '{}' } },
  },
  {
    name: 'more is reversed than there is',
    entries: [...PAY, reversal('x', 'p', { amount: '60' }), reversal('y', 'p', { amount: '60' })],
    expected: {
      o: { reversed_amount: '100', violations: '{flow_unbalanced,reversed_more_than_entry}' },
    },
  },
  {
    name: 'an entry of 0 is left until it is reversed',
    entries: [
      e('p', 'PAYMENT', { amount: '0' }),
      e('r', 'RECEIVE', { amount: '0' }),
      reversal('x', 'p', { amount: '0' }),
    ],
    expected: { o: { state: 'PENDING', paid_amount: '0', violations: '{}' } },
  },
  {
    name: 'reverses_tx_id of a type that reverses nothing means nothing',
    entries: [
      ...PAY,
      e('ro', 'REFUND_OUT', { reverses_tx_id: 'r' }),
      e('ri', 'REFUND_IN', { reverses_tx_id: 'p' }),
    ],
    expected: { o: { state: 'REFUNDED', reversed_amount: '0', reversal_entries: '0' } },
  },
  {
    name: 'a reversed refund gives nothing back',
    entries: [
      ...PAY,
      ...refund(1, '30'),
      reversal('x', 'ro1', { amount: '30' }),
      reversal('y', 'ri1', { amount: '30' }),
    ],
    expected: { o: { state: 'PAID', refunded_amount: '0', reversed_amount: '60', violations: '{}' } },
  },
];
