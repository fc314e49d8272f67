import type { Settlement } from '../queries/readSettlement.ts';

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
export function settlementBlock(settlement: Settlement): string[] {
  const { state, currency, violations } = settlement;
  const money = currency === null ? '' : ` ${currency}`;
  const counts = Object.entries(COUNTS).flatMap(([flow, column]) =>
    settlement[column] === '0' ? [] : [`${settlement[column]} of ${flow}`],
  );
  return [
    `Settlement: ${state}`,
    `  paid ${settlement.paid_amount}${money}, refunded ${settlement.refunded_amount}, charged back ${settlement.charged_back_amount}, ` +
      `fees ${settlement.fee_amount}, taken off by reversals ${settlement.reversed_amount}`,
    `  net ${settlement.net_amount}, can still be refunded ${settlement.refundable_amount}`,
    `  entries: ${counts.join(', ') || 'of no flow'}; from ${settlement.first_event_time} to ${settlement.last_event_time}`,
    violations.length === 0 ? '  adds up' : `  does not add up: ${violations.join(', ')}`,
  ];
}
