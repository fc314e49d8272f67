import type { FIELDS, LogicalTopic } from '../../shared/contracts/fields.ts';

/** Of the fields that an event has. */
type FieldName<T extends LogicalTopic> = Exclude<
  (typeof FIELDS)[T][number],
  { readonly derived: true }
>['name'];

const REVISION = {
  version:
    "The number of the record's state, growing. Asked of every producer where updated_at is not sent, or not exact enough " +
    'to tell two states apart.',
  occurred_at: 'When the event was published: the freshness of publishing is measured by it.',
  schema_version: 'Left out, it is 1.',
} as const;

const UPDATED_AT =
  'When the record came into this state: by it the newer state is kept, whatever the order of arrival. Asked of every ' +
  'producer, this or version; an event with neither is stored, and counted as version missing.';

/** What each topic's events are, for producers. */
export const TOPICS: Readonly<
  Record<LogicalTopic, { readonly title: string; readonly summary: string; readonly key: string }>
> = {
  ledger: {
    title: 'LedgerEntryUpserted',
    summary:
      'The current state of one entry of the transaction ledger, after the transaction has been committed.',
    key: 'tx_id',
  },
  payment_order: {
    title: 'PaymentOrderUpserted',
    summary: 'The current state of one payment order, after the transaction has been committed.',
    key: 'order_id',
  },
  pair: {
    title: 'PaymentLedgerPaired',
    summary:
      'Which two ledger entries a payment consists of, as the service that made them knows it. Optional.',
    key: 'payment_order_id',
  },
  control: {
    title: 'ControlTotal',
    summary:
      'What the source of a topic has in a window of time, by its own count: the sync compares it with its rows. Optional.',
    key: '{topic}|{window_start}',
  },
};

/** What each field is, for producers. A new field does not compile without one. */
export const MEANINGS: { readonly [T in LogicalTopic]: Readonly<Record<FieldName<T>, string>> } = {
  ledger: {
    tx_id:
      'The ledger entry: the key of the record, and of the event. The two entries of a payment have different ones.',
    wallet_id: 'The wallet that the entry belongs to.',
    entry_type: 'PAYMENT and RECEIVE are paired; any other type is stored as it is.',
    amount: 'The amount of the entry.',
    event_time: 'When the entry was booked. Where it is missing, source_created_at is taken.',
    source_created_at: 'When the entry was created in its source. Where it is missing, event_time is taken.',
    amount_signed: 'The amount with its sign. Stored as given; never derived.',
    related_id:
      'What the entry belongs to: the order_id of its payment. Asked of every producer: without it an entry has no pair.',
    related_type:
      'What related_id refers to: PAYMENT_ORDER, or left out. Entries of another kind are not paired.',
    reverses_tx_id:
      'Of a REVERSAL or CORRECTION: the tx_id of the entry that it undoes, whole or in part. Left out otherwise.',
    currency: 'The currency of the amount.',
    updated_at: UPDATED_AT,
    ...REVISION,
  },
  payment_order: {
    order_id: 'The payment order: the key of the record, and of the event.',
    amount: 'The amount of the order.',
    status: 'The status of the order, stored as it is.',
    created_at: 'When the order was created.',
    user_id: 'Who pays. Personal data: the sync stores a token of it, or nothing, where it is set up so.',
    merchant_name: 'Who is paid.',
    updated_at: UPDATED_AT,
    ...REVISION,
  },
  pair: {
    payment_order_id: 'The payment order: the key of the record, and of the event.',
    payment_tx_id: 'The PAYMENT entry.',
    receive_tx_id: 'The RECEIVE entry.',
    payer_wallet_id: 'The wallet of the PAYMENT entry.',
    payee_wallet_id: 'The wallet of the RECEIVE entry.',
    amount: 'The amount of the payment.',
    updated_at: 'When the pair was confirmed, or the confirmation changed.',
    status: "The payment's status; where it is missing, that of the order.",
    ...REVISION,
  },
  control: {
    topic: 'Which rows are counted: ledger or payment_order.',
    window_start:
      'Where the window begins. A row is in it by its source_created_at (of a payment order: created_at), else its event_time.',
    window_end: 'Where it ends: rows of this time are in the next one. A window is a day long at most.',
    row_count: 'How many rows the source has in the window.',
    amount_sum: 'The exact sum of the amounts of these rows; a row without one adds nothing.',
    generated_at: 'When the rows were counted: the time of the snapshot that the count has seen.',
    digest:
      'A sum over what the rows hold, in the form that the page on control totals gives; without it, the last state of a row is not compared.',
    version: 'The number of the total, growing: of several totals of a window the highest one stands.',
    occurred_at: REVISION.occurred_at,
    schema_version: REVISION.schema_version,
  },
};
