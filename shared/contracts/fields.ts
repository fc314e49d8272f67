/**
 * The fields of each logical topic, in the order of the table in SPEC 2: where several break a rule, the first
 * one names the event.
 */
export const LOGICAL_TOPICS = ['ledger', 'payment_order', 'pair', 'control'] as const;
export type LogicalTopic = (typeof LOGICAL_TOPICS)[number];
/** The topics of payments; the other one is of what their source has sent. */
export const RECORD_TOPICS = ['ledger', 'payment_order', 'pair'] as const;
export type RecordTopic = (typeof RECORD_TOPICS)[number];
/** The topics whose records are rows of a source table, so that a dump can hold them. */
export type DumpTopic = Exclude<RecordTopic, 'pair'>;

export type FieldKind =
  | 'identifier'
  | 'text'
  | 'currency'
  | 'money'
  | 'timestamp'
  | 'version'
  | 'count'
  | 'source'
  | 'schema_version';

/**
 * What a column is when two states of a record are compared (SPEC 3): its key; an axis of the order; a note, which does not
 * belong to the content; everything else is content.
 */
export type FieldRole = 'key' | 'axis' | 'note';

/**
 * A field of an event, and the column that it is stored in. This table is the only place that lists them: the types of
 * records, the binary form in which rows are sent, the comparison of contents, and the SQL of the merge are made from it. A
 * new optional field is a line here and a column in a migration.
 */
export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** The serving table cannot hold the record without it: no profile may leave it out of its core. */
  readonly required?: true;
  /** Never NULL in the table, though an event may lack it: something else stands in for it. */
  readonly filled?: true;
  /** No event has it: it is made of other fields. */
  readonly derived?: true;
  /** The column's name, where it is not the field's. */
  readonly column?: string;
  /** The name by which the record holds it, where it is not the field's. */
  readonly as?: string;
  readonly role?: FieldRole;
}

const TRAILER = [
  { name: 'version', kind: 'version', column: 'source_version', role: 'axis' },
  { name: 'occurred_at', kind: 'timestamp', role: 'note' },
  { name: 'schema_version', kind: 'schema_version', role: 'note' },
] as const satisfies readonly Field[];

export const FIELDS = {
  ledger: [
    { name: 'tx_id', kind: 'identifier', required: true, role: 'key' },
    { name: 'wallet_id', kind: 'identifier', required: true },
    { name: 'entry_type', kind: 'text', required: true },
    { name: 'amount', kind: 'money', required: true },
    // Falls back to source_created_at: one of the two has to be there (SPEC 2.1).
    { name: 'event_time', kind: 'timestamp', required: true },
    { name: 'source_created_at', kind: 'timestamp', column: 'created_at', filled: true },
    { name: 'amount_signed', kind: 'money' },
    { name: 'related_id', kind: 'identifier' },
    { name: 'related_type', kind: 'text' },
    { name: 'reverses_tx_id', kind: 'identifier' },
    { name: 'currency', kind: 'currency' },
    { name: 'updated_at', kind: 'timestamp', role: 'axis' },
    ...TRAILER,
  ],
  payment_order: [
    { name: 'order_id', kind: 'identifier', required: true, role: 'key' },
    { name: 'amount', kind: 'money', required: true },
    { name: 'status', kind: 'text', required: true },
    { name: 'created_at', kind: 'timestamp', required: true },
    { name: 'user_id', kind: 'identifier' },
    { name: 'merchant_name', kind: 'text' },
    { name: 'updated_at', kind: 'timestamp', role: 'axis' },
    ...TRAILER,
  ],
  pair: [
    { name: 'payment_order_id', kind: 'identifier', required: true, role: 'key' },
    { name: 'payment_tx_id', kind: 'identifier', required: true },
    { name: 'receive_tx_id', kind: 'identifier', required: true },
    { name: 'payer_wallet_id', kind: 'identifier', required: true },
    { name: 'payee_wallet_id', kind: 'identifier', required: true },
    { name: 'amount', kind: 'money', required: true },
    { name: 'updated_at', kind: 'timestamp', required: true, role: 'axis' },
    { name: 'status', kind: 'text' },
    ...TRAILER,
  ],
  control: [
    { name: 'window_id', kind: 'identifier', filled: true, derived: true, role: 'key' },
    { name: 'topic', kind: 'source', required: true, column: 'source_topic' },
    { name: 'window_start', kind: 'timestamp', required: true },
    { name: 'window_end', kind: 'timestamp', required: true },
    { name: 'row_count', kind: 'count', required: true },
    { name: 'amount_sum', kind: 'money', required: true },
    {
      name: 'generated_at',
      kind: 'timestamp',
      required: true,
      column: 'updated_at',
      as: 'updated_at',
      role: 'axis',
    },
    { name: 'digest', kind: 'text' },
    ...TRAILER,
  ],
} as const satisfies Record<LogicalTopic, readonly Field[]>;

/** The fields that events of each topic have. */
export const EVENT_FIELDS = Object.fromEntries(
  LOGICAL_TOPICS.map((topic) => [topic, FIELDS[topic].filter((field: Field) => field.derived !== true)]),
) as unknown as Readonly<Record<LogicalTopic, readonly Field[]>>;

/** `tx_id` as a member of a record: `txId`. */
type Member<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Member<Tail>>}`
  : Name;

function memberOf(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A field with the member of the record that holds it and the column that stores it. */
export interface StoredField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly member: string;
  readonly column: string;
  readonly role: FieldRole | 'content';
}

/** The fields of each topic, in the order in which rows are sent. */
export const STORED_FIELDS = Object.fromEntries(
  LOGICAL_TOPICS.map((topic) => [
    topic,
    FIELDS[topic].map(
      ({ name, kind, column = name, as = name, role }: Field): StoredField => ({
        name,
        kind,
        column,
        role: role ?? 'content',
        member: memberOf(as),
      }),
    ),
  ]),
) as unknown as Readonly<Record<LogicalTopic, readonly StoredField[]>>;

/** The typed record of a topic: a member for each field, `null` where the event had none. */
export type RecordOfFields<T extends LogicalTopic, Values extends Record<FieldKind, unknown>> = {
  readonly [F in (typeof FIELDS)[T][number] as Member<
    F extends { readonly as: infer As extends string } ? As : F['name']
  >]: F extends { readonly required: true } | { readonly filled: true }
    ? Values[F['kind']]
    : Values[F['kind']] | null;
};
