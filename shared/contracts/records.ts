import {
  type DumpTopic,
  type FieldKind,
  LOGICAL_TOPICS,
  type LogicalTopic,
  type RecordOfFields,
  STORED_FIELDS,
} from './fields.ts';
import { type Microseconds, timestampText } from './timestamp.ts';
import { type Money, sameMoney } from './values.ts';

/** The typed value of each kind of field. */
interface Values extends Record<FieldKind, unknown> {
  readonly identifier: string;
  readonly text: string;
  readonly currency: string;
  readonly money: Money;
  readonly timestamp: Microseconds;
  readonly version: bigint;
  readonly count: bigint;
  readonly source: DumpTopic;
  readonly schema_version: string;
}

/** One entry of the transaction ledger. Its members, like those of the others, are the table of fields (fields.ts). */
export type LedgerEntry = RecordOfFields<'ledger', Values>;
export type PaymentOrder = RecordOfFields<'payment_order', Values>;
/** A payment whose two entries the upstream service has paired itself. */
export type PairConfirmation = RecordOfFields<'pair', Values>;

/** What the source of a topic had in a window of time, by its own count (SPEC 15). */
export type ControlTotal = RecordOfFields<'control', Values>;

export interface RecordTypes {
  readonly ledger: LedgerEntry;
  readonly payment_order: PaymentOrder;
  readonly pair: PairConfirmation;
  readonly control: ControlTotal;
}

export type RecordOf<T extends LogicalTopic> = RecordTypes[T];

/** What every record carries besides its content. */
export interface Revision {
  readonly updatedAt: Microseconds | null;
  readonly version: bigint | null;
  readonly occurredAt: Microseconds | null;
  readonly schemaVersion: string | null;
}

/** The primary key of each topic's records. */
export const KEY_OF: { readonly [T in LogicalTopic]: (record: RecordOf<T>) => string } = {
  ledger: (record) => record.txId,
  payment_order: (record) => record.orderId,
  pair: (record) => record.paymentOrderId,
  control: (record) => record.windowId,
};

/** When the business event happened: what a topic's freshness is measured by (SPEC 9). */
export const BUSINESS_TIME: { readonly [T in LogicalTopic]: (record: RecordOf<T>) => Microseconds | null } = {
  ledger: (record) => record.eventTime,
  payment_order: (record) => record.updatedAt ?? record.createdAt,
  pair: (record) => record.updatedAt,
  control: (record) => record.updatedAt,
};

/** Values of a payload's fields that passed every rule, by field name; `null` where the payload has none. */
export type FieldValues = Readonly<Record<string, unknown>>;

/**
 * A function whose body is written from the table of fields. Read by a loop, each access is one to any member of any object,
 * which costs a microsecond an event. What is written here are names of the table, never data.
 */
export function fromTable<F extends (...values: never[]) => unknown>(parameters: string, body: string): F {
  return new Function(parameters, body) as unknown as F;
}

const BUILD = Object.fromEntries(
  LOGICAL_TOPICS.map((topic) => {
    const members = STORED_FIELDS[topic].map(({ name, member }) => `${member}: values.${name}`);
    return [topic, fromTable('values', `return { ${members.join(', ')} };`)];
  }),
) as unknown as { readonly [T in LogicalTopic]: (values: FieldValues) => RecordOf<T> };

/** Builds the record of a topic from values that the table of its fields has typed. */
export function buildRecord<T extends LogicalTopic>(topic: T, values: FieldValues): RecordOf<T> {
  const record = BUILD[topic](values);
  if (topic === 'ledger') {
    // One stands in for the other: at least one of the two is there.
    const times = record as { eventTime: Microseconds | null; sourceCreatedAt: Microseconds | null };
    times.eventTime ??= values['source_created_at'] as Microseconds;
    times.sourceCreatedAt ??= times.eventTime;
  } else if (topic === 'control') {
    const total = record as { windowId: string } & ControlTotal;
    total.windowId = `${total.topic}|${timestampText(total.windowStart)}`;
  }
  return record;
}

/** Whether two records of one key have the same content, by value: all fields but axes and notes (SPEC 3). */
export function sameContent<T extends LogicalTopic>(topic: T, a: RecordOf<T>, b: RecordOf<T>): boolean {
  const [one, other] = [a, b] as unknown as readonly [Record<string, unknown>, Record<string, unknown>];
  return STORED_FIELDS[topic].every(({ member, kind, role }) => {
    if (role === 'axis' || role === 'note') return true;
    const [value, held] = [one[member], other[member]];
    return kind === 'money' ? sameMoney(value as Money | null, held as Money | null) : value === held;
  });
}
