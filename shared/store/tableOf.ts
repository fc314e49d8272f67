import type { LogicalTopic } from '../contracts/fields.ts';

/** Where the rows of each topic are stored. */
export const TABLE_OF = {
  ledger: 'bo.ledger_entries',
  payment_order: 'bo.payment_orders',
  pair: 'sync.pair_confirmations',
  control: 'sync.source_totals',
} as const satisfies Record<LogicalTopic, string>;
