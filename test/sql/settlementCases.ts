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
const o = (status: string, id = 'o') => order(id, { status });

const PAY = [e('p', 'PAYMENT'), e('r', 'RECEIVE')];
const refund = (n: number, amount: string, change: object = {}) => [
  e(`ro${n}`, 'REFUND_OUT', { amount, ...change }),
  e(`ri${n}`, 'REFUND_IN', { amount, ...change }),
];
const reversal = (tx_id: string, reverses_tx_id: string | null, change: object = {}) =>
  e(tx_id, 'REVERSAL', { reverses_tx_id, ...change });

export const SETTLEMENT_CASES: readonly SettlementCase[] = [
  {
    name: 'a payment with both halves is paid',
    entries: PAY,
    orders: [o('PAID')],
    expected: {
      o: {
        state: 'PAID',
        paid_amount: '100',
        refunded_amount: '0',
        net_amount: '100',
        refundable_amount: '100',
        charge_entries: '2',
        refund_entries: '0',
        violations: '{}',
        currency: null,
      },
    },
  },
  {
    name: 'one half of a payment is pending, and the flow is unbalanced',
    entries: [e('p', 'PAYMENT')],
    expected: { o: { state: 'PENDING', paid_amount: '0', violations: '{flow_unbalanced}' } },
  },
  {
    name: 'halves of other amounts: the smaller one is paid',
    entries: [e('p', 'PAYMENT'), e('r', 'RECEIVE', { amount: '90.5' })],
    expected: { o: { state: 'PAID', paid_amount: '90.5', violations: '{flow_unbalanced}' } },
  },
  {
    name: 'two partial refunds leave the rest',
    entries: [...PAY, ...refund(1, '30'), ...refund(2, '20.25')],
    expected: {
      o: {
        state: 'PARTIALLY_REFUNDED',
        refunded_amount: '50.25',
        net_amount: '49.75',
        refundable_amount: '49.75',
        refund_entries: '4',
        violations: '{}',
      },
    },
  },
  {
    name: 'a refund of everything',
    entries: [...PAY, ...refund(1, '100.00')],
    orders: [o('REFUNDED')],
    expected: {
      o: {
        state: 'REFUNDED',
        refunded_amount: '100',
        net_amount: '0',
        refundable_amount: '0',
        violations: '{}',
      },
    },
  },
  {
    name: 'a refund before its payment',
    entries: refund(1, '40'),
    expected: {
      o: {
        state: 'REFUND_ONLY',
        refunded_amount: '40',
        net_amount: '-40',
        refundable_amount: '0',
        violations: '{refund_without_payment}',
      },
    },
  },
  {
    name: 'a refund that has only left is pending',
    entries: [...PAY, e('ro', 'REFUND_OUT', { amount: '40' })],
    expected: { o: { state: 'REFUND_PENDING', refunded_amount: '0', violations: '{flow_unbalanced}' } },
  },
  {
    name: 'refunds of more than was paid',
    entries: [...PAY, ...refund(1, '60'), ...refund(2, '60')],
    expected: {
      o: {
        state: 'REFUNDED',
        net_amount: '-20',
        refundable_amount: '0',
        violations: '{refund_exceeds_payment}',
      },
    },
  },
  {
    name: 'a refund to a wallet that has not paid',
    entries: [...PAY, e('ro', 'REFUND_OUT'), e('ri', 'REFUND_IN', { wallet_id: 'another' })],
    expected: { o: { state: 'REFUNDED', violations: '{refund_to_other_wallet}' } },
  },
  {
    name: 'a refund from a wallet that was not paid',
    entries: [...PAY, e('ro', 'REFUND_OUT', { wallet_id: 'another' }), e('ri', 'REFUND_IN')],
    expected: { o: { violations: '{refund_to_other_wallet}' } },
  },
  {
    name: 'wallets of refunds are not looked at where the half that they are held against is not there',
    entries: [e('r', 'RECEIVE'), e('ro', 'REFUND_OUT'), e('ri', 'REFUND_IN', { wallet_id: 'another' })],
    expected: {
      o: { state: 'PENDING', violations: '{flow_unbalanced,refund_exceeds_payment}' },
    },
  },
  {
    name: 'a chargeback gives back as a refund does',
    entries: [...PAY, e('co', 'CHARGEBACK_OUT'), e('ci', 'CHARGEBACK_IN')],
    expected: {
      o: {
        state: 'REFUNDED',
        charged_back_amount: '100',
        refunded_amount: '0',
        net_amount: '0',
        chargeback_entries: '2',
      },
    },
  },
  {
    name: 'a refund and a chargeback of the same money',
    entries: [...PAY, ...refund(1, '100'), e('co', 'CHARGEBACK_OUT'), e('ci', 'CHARGEBACK_IN')],
    expected: { o: { state: 'REFUNDED', net_amount: '-100', violations: '{refund_exceeds_payment}' } },
  },
  {
    name: 'fees have a flow of their own and take nothing off what was paid',
    entries: [...PAY, e('fo', 'FEE_OUT', { amount: '2.5' }), e('fi', 'FEE_IN', { amount: '2.5' })],
    expected: {
      o: { state: 'PAID', fee_amount: '2.5', net_amount: '100', fee_entries: '2', violations: '{}' },
    },
  },
  {
    name: 'one half of a fee',
    entries: [...PAY, e('fo', 'FEE_OUT', { amount: '2.5' })],
    expected: { o: { state: 'PAID', fee_amount: '0', violations: '{flow_unbalanced}' } },
  },
  {
    name: 'money that is held',
    entries: [e('h', 'HOLD')],
    expected: { o: { state: 'HELD', hold_entries: '1', violations: '{}' } },
  },
  {
    name: 'money that was held and released, without a charge, is pending',
    entries: [e('h', 'HOLD'), e('l', 'RELEASE')],
    expected: { o: { state: 'PENDING', hold_entries: '2', violations: '{}' } },
  },
  {
    name: 'an order that is cancelled while its money is held is no cancelled payment',
    entries: [e('h', 'HOLD')],
    orders: [o('CANCELLED')],
    expected: { o: { state: 'HELD', violations: '{status_disagrees}' } },
  },
  {
    name: 'an order that is cancelled after its money was released',
    entries: [e('h', 'HOLD'), e('l', 'RELEASE')],
    orders: [o('CANCELED')],
    expected: { o: { state: 'CANCELLED', violations: '{}' } },
  },
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
  {
    name: 'amounts count without their sign, and the sign that is given is held against the rule',
    entries: [
      e('p', 'PAYMENT', { amount: '-100', amount_signed: '-100' }),
      e('r', 'RECEIVE', { amount_signed: '0' }),
      e('h', 'HOLD', { amount_signed: '5', amount: '1' }),
    ],
    expected: { o: { state: 'PAID', paid_amount: '100', violations: '{}' } },
  },
  {
    name: 'a sign that is not the rule’s',
    entries: [e('p', 'PAYMENT', { amount_signed: '100' }), e('r', 'RECEIVE', { amount_signed: '100' })],
    expected: { o: { violations: '{sign_disagrees}' } },
  },
  {
    name: 'the one currency that is named',
    entries: [e('p', 'PAYMENT', { currency: 'KRW' }), e('r', 'RECEIVE')],
    expected: { o: { currency: 'KRW', violations: '{}' } },
  },
  {
    name: 'several currencies, one of them of a reversal',
    entries: [
      e('p', 'PAYMENT', { currency: 'KRW' }),
      e('r', 'RECEIVE', { currency: 'KRW' }),
      reversal('x', 'p', { amount: '0', currency: 'USD' }),
    ],
    expected: { o: { currency: null, violations: '{currency_mixed}' } },
  },
  {
    name: 'a status that says paid of a payment that is not',
    entries: [e('p', 'PAYMENT')],
    orders: [o('SETTLED')],
    expected: { o: { state: 'PENDING', violations: '{flow_unbalanced,status_disagrees}' } },
  },
  {
    name: 'a status that the rules do not know allows anything, and so does no order',
    entries: [e('p', 'PAYMENT')],
    orders: [o('settled')],
    expected: { o: { violations: '{flow_unbalanced}' } },
  },
  {
    name: 'an order that is cancelled although it was paid',
    entries: PAY,
    orders: [o('CANCELLED')],
    expected: { o: { state: 'PAID', violations: '{status_disagrees}' } },
  },
  {
    name: 'known types without a flow make a row, unknown ones and other domains do not',
    entries: [
      e('w', 'WITHDRAW', { related_id: 'a' }),
      e('b', 'BONUS', { related_id: 'b' }),
      e('t', 'payment', { related_id: 'c' }),
      e('d', 'PAYMENT', { related_id: 'd', related_type: 'PAYOUT' }),
      e('n', 'PAYMENT', { related_id: null }),
    ],
    orders: [o('PAID', 'e')],
    expected: { a: { state: 'PENDING', violations: '{}' }, b: null, c: null, d: null, e: null },
  },
  {
    name: 'times are those of the first and the last entry, reversals too',
    entries: [
      e('p', 'PAYMENT', { event_time: '2026-11-22T11:00:02Z' }),
      e('r', 'RECEIVE', { event_time: '2026-11-22T11:00:01Z' }),
      reversal('x', 'p', { event_time: '2026-11-22T11:00:03.000001Z', amount: '1' }),
    ],
    expected: {
      o: { first_event_time: '2026-11-22 11:00:01+00', last_event_time: '2026-11-22 11:00:03.000001+00' },
    },
  },
  {
    name: 'digits that no double holds',
    entries: [
      e('p', 'PAYMENT', { amount: '90071992547409930000.000000000000000001' }),
      e('r', 'RECEIVE', { amount: '90071992547409930000.000000000000000001' }),
      ...refund(1, '0.000000000000000001'),
    ],
    expected: {
      o: { paid_amount: '90071992547409930000.000000000000000001', net_amount: '90071992547409930000' },
    },
  },
];
