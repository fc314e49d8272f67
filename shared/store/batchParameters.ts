import type { DELIVERY_FLAGS } from '../contracts/deliveryFlags.ts';
import { type FieldKind, type LogicalTopic, STORED_FIELDS } from '../contracts/fields.ts';
import { fromTable } from '../contracts/records.ts';
import type { RejectionReason } from '../contracts/rejection.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { Positioned } from '../precedence/precedence.ts';
import type { FieldWriter, WriteFields } from './binaryFormat.ts';

/** What is known of a batch as a whole: where it lies in its partition, and what is counted of it. */
export interface BatchAccounting {
  readonly topic: string;
  readonly partition: number;
  readonly profileId: string;
  readonly firstNumber: number;
  readonly lastNumber: number;
  /** The events are `firstNumber` to `lastNumber`, each once, in order. */
  readonly contiguous: boolean;
  readonly earliestEnqueuedAt: Microseconds;
  readonly latestEnqueuedAt: Microseconds;
  readonly eventWatermark: Microseconds | null;
  readonly publishWatermark: Microseconds | null;
  readonly counts: DeliveryCounts;
}

/** Sums over the deliveries; outcomes as they are where every row of the batch is new. */
export interface DeliveryCounts extends Record<keyof typeof DELIVERY_FLAGS, number> {
  readonly stale: number;
  readonly duplicate: number;
  readonly conflict: number;
  readonly deadLetters: number;
  readonly ignored: number;
}

/** A delivery that is not its row's winner. */
export interface Delivery {
  readonly sequenceNumber: number;
  readonly enqueuedAt: Microseconds;
  /** The row of its key, from 1; 0 for what is no row. */
  readonly rowNumber: number;
  readonly verdict: 'stale' | 'duplicate' | 'conflict' | 'dead_letter' | 'ignored';
  /** Sum of {@link DELIVERY_FLAGS}. */
  readonly flags: number;
}

export interface DeadLetter {
  /** Place of its delivery among those that are not a winner, from 1. */
  readonly deliveryNumber: number;
  readonly offset: string;
  readonly key: string | null;
  readonly payload: Buffer;
  readonly reason: RejectionReason;
  readonly detail: string;
  readonly correlationId: string | null;
  /** Of Avro, where the content type named it: the payload does not. */
  readonly schemaId: string | null;
}

export const writeAccounting: WriteFields<BatchAccounting> = (fields, batch) => {
  fields.text(batch.topic);
  fields.integer(batch.partition);
  fields.text(batch.profileId);
  fields.bigint(batch.firstNumber);
  fields.bigint(batch.lastNumber);
  fields.boolean(batch.contiguous);
  fields.timestamptz(batch.earliestEnqueuedAt);
  fields.timestamptz(batch.latestEnqueuedAt);
  fields.timestamptz(batch.eventWatermark);
  fields.timestamptz(batch.publishWatermark);
  fields.integer(batch.counts.stale);
  fields.integer(batch.counts.duplicate);
  fields.integer(batch.counts.conflict);
  fields.integer(batch.counts.deadLetters);
  fields.integer(batch.counts.ignored);
  fields.integer(batch.counts.versionMissing);
  fields.integer(batch.counts.aliasHit);
  fields.integer(batch.counts.coreViolation);
  fields.integer(batch.counts.keyMismatch);
  fields.integer(batch.counts.mixedAxes);
  fields.integer(batch.counts.pairingSkipped);
  fields.integer(batch.counts.relatedIdNull);
  fields.integer(batch.counts.axisInversion);
};

/** Letters of infra/database/functions/verdict.sql, which has the others too. */
const VERDICT_LETTER = { stale: 's', duplicate: 'd', conflict: 'c', dead_letter: 'x', ignored: 'i' } as const;

export const writeDelivery: WriteFields<Delivery> = (fields, delivery) => {
  fields.bigint(delivery.sequenceNumber);
  fields.timestamptz(delivery.enqueuedAt);
  fields.integer(delivery.rowNumber);
  fields.char(VERDICT_LETTER[delivery.verdict]);
  fields.integer(delivery.flags);
};

export const writeDeadLetter: WriteFields<DeadLetter> = (fields, letter) => {
  fields.integer(letter.deliveryNumber);
  fields.text(letter.offset);
  fields.text(letter.key);
  fields.bytea(letter.payload);
  fields.text(letter.reason);
  fields.text(letter.detail);
  fields.text(letter.correlationId);
  fields.text(letter.schemaId);
};

/** What writes a value of each kind. */
const WRITTEN_BY: Readonly<Record<FieldKind, keyof FieldWriter>> = {
  identifier: 'text',
  text: 'text',
  currency: 'text',
  schema_version: 'text',
  money: 'numeric',
  timestamp: 'timestamptz',
  version: 'wideBigint',
  count: 'wideBigint',
  source: 'text',
};

/** Writes a row: the topic's fields in the order of their table, then the broker's position. */
function rowWriter<T extends LogicalTopic>(topic: T): WriteFields<Positioned<T>> {
  const writes = STORED_FIELDS[topic].map(
    ({ member, kind }) => `fields.${WRITTEN_BY[kind]}(record.${member});`,
  );
  const position = `fields.timestamptz(position.enqueuedAt); fields.integer(position.partition);
    fields.bigint(position.sequenceNumber);`;
  return fromTable('fields, { record, position }', `${writes.join(' ')} ${position}`);
}

export const WRITE_ROW: { readonly [T in LogicalTopic]: WriteFields<Positioned<T>> } = {
  ledger: rowWriter('ledger'),
  payment_order: rowWriter('payment_order'),
  pair: rowWriter('pair'),
  control: rowWriter('control'),
};
