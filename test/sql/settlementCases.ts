import { REVERSAL_CASES } from './reversalCases.ts';
import { e, o, PAY, refund, reversal, type SettlementCase } from './settlementEvents.ts';

/** Settlements by name: 30 and more, those with reversals too. */
export const SETTLEMENT_CASES: readonly SettlementCase[] = [
  ...REVERSAL_CASES,
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
    name: 'a refund to the wallet that was paid goes to another than the one that has paid',
    entries: [...PAY, e('ro', 'REFUND_OUT'), e('ri', 'REFUND_IN', { wallet_id: 'payee' })],
    expected: { o: { violations: '{refund_to_other_wallet}' } },
  },
  {
    name: 'a refund from the wallet that has paid comes from another than the one that was paid',
    entries: [...PAY, e('ro', 'REFUND_OUT', { wallet_id: 'payer' }), e('ri', 'REFUND_IN')],
    expected: { o: { violations: '{refund_to_other_wallet}' } },
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
