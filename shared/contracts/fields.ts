/**
 * The fields of each logical topic, in the order of the table in SPEC 2: where several break a rule, the first
 * one names the event.
 */
export const LOGICAL_TOPICS = ['ledger', 'payment_order', 'pair'] as const;
export type LogicalTopic = (typeof LOGICAL_TOPICS)[number];
/** The topics whose records are rows of a source table, so that a dump can hold them. */
export type DumpTopic = Exclude<LogicalTopic, 'pair'>;

export type FieldKind = 'identifier' | 'text' | 'money' | 'timestamp' | 'version' | 'schema_version';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** The serving table cannot hold the record without it: no profile may leave it out of its core. */
  readonly required?: true;
}

const TRAILER = [
  { name: 'version', kind: 'version' },
  { name: 'occurred_at', kind: 'timestamp' },
  { name: 'schema_version', kind: 'schema_version' },
] as const satisfies readonly Field[];

export const FIELDS = {
  ledger: [
    { name: 'tx_id', kind: 'identifier', required: true },
    { name: 'wallet_id', kind: 'identifier', required: true },
    { name: 'entry_type', kind: 'text', required: true },
    { name: 'amount', kind: 'money', required: true },
    // Falls back to source_created_at: one of the two has to be there (SPEC 2.1).
    { name: 'event_time', kind: 'timestamp', required: true },
    { name: 'source_created_at', kind: 'timestamp' },
    { name: 'amount_signed', kind: 'money' },
    { name: 'related_id', kind: 'identifier' },
    { name: 'related_type', kind: 'text' },
    { name: 'updated_at', kind: 'timestamp' },
    ...TRAILER,
  ],
  payment_order: [
    { name: 'order_id', kind: 'identifier', required: true },
    { name: 'amount', kind: 'money', required: true },
    { name: 'status', kind: 'text', required: true },
    { name: 'created_at', kind: 'timestamp', required: true },
    { name: 'user_id', kind: 'identifier' },
    { name: 'merchant_name', kind: 'text' },
    { name: 'updated_at', kind: 'timestamp' },
    ...TRAILER,
  ],
  pair: [
    { name: 'payment_order_id', kind: 'identifier', required: true },
    { name: 'payment_tx_id', kind: 'identifier', required: true },
    { name: 'receive_tx_id', kind: 'identifier', required: true },
    { name: 'payer_wallet_id', kind: 'identifier', required: true },
    { name: 'payee_wallet_id', kind: 'identifier', required: true },
    { name: 'amount', kind: 'money', required: true },
    { name: 'updated_at', kind: 'timestamp', required: true },
    { name: 'status', kind: 'text' },
    ...TRAILER,
  ],
} as const satisfies Record<LogicalTopic, readonly Field[]>;
