import type { Settlement } from '../queries/readSettlement.ts';
import type { SayFacts } from './sentence.ts';

/** Entries of each flow, by the column that counts them. */
const COUNTS = {
  charge: 'charge_entries',
  refund: 'refund_entries',
  chargeback: 'chargeback_entries',
  fee: 'fee_entries',
  hold: 'hold_entries',
  reversal: 'reversal_entries',
} as const;

/** What was paid, refunded and is left, and what does not add up. */
export function settlementBlock(settlement: Settlement, say: SayFacts): string[] {
  const { state, currency, violations } = settlement;
  const money = currency === null ? '' : ` ${currency}`;
  const counts = Object.entries(COUNTS).flatMap(([flow, column]) =>
    settlement[column] === '0' ? [] : [say('settlementCount', { count: settlement[column], flow })],
  );
  return [
    say('settlementTitle', { state }),
    `  ${say('settlementPaid', {
      paid: `${settlement.paid_amount}${money}`,
      refunded: settlement.refunded_amount,
      chargedBack: settlement.charged_back_amount,
      fees: settlement.fee_amount,
      reversed: settlement.reversed_amount,
    })}`,
    `  ${say('settlementLeft', { net: settlement.net_amount, refundable: settlement.refundable_amount })}`,
    `  ${say('settlementEntries', {
      counts: counts.join(', ') || say('settlementNoFlow'),
      first: settlement.first_event_time,
      last: settlement.last_event_time,
    })}`,
    `  ${violations.length === 0 ? say('settlementAddsUp') : say('settlementViolations', { kinds: violations.join(', ') })}`,
  ];
}
