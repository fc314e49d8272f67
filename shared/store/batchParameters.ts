import type { DELIVERY_FLAGS } from '../contracts/deliveryFlags.ts';
import type { LogicalTopic } from '../contracts/fields.ts';
import type { Revision } from '../contracts/records.ts';
import type { RejectionReason } from '../contracts/rejection.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { PairingRule } from '../pairing/rule.ts';
import type { BrokerPosition, Positioned } from '../precedence/precedence.ts';
import type { FieldWriter, WriteFields } from './binaryFormat.ts';

/** The batch as a whole: `sync.batch_v1`. */
export interface BatchHeader {
  readonly topic: string;
  readonly partition: number;
  readonly profileId: string;
  readonly versionFirst: boolean;
  readonly firstNumber: number;
  readonly lastNumber: number;
  /** The events are `firstNumber` to `lastNumber`, each once, in order. */
  readonly contiguous: boolean;
  readonly earliestEnqueuedAt: Microseconds;
  readonly latestEnqueuedAt: Microseconds;
  readonly eventWatermark: Microseconds | null;
  readonly publishWatermark: Microseconds | null;
  readonly pairing: PairingRule;
  readonly counts: DeliveryCounts;
}

/** Sums over the deliveries; outcomes as they are where every row of the batch is new. */
export interface DeliveryCounts extends Record<keyof typeof DELIVERY_FLAGS, number> {
  readonly stale: number;
  readonly duplicate: number;
  readonly conflict: number;
  readonly deadLetters: number;
}

/** A delivery that is not its row's winner: `sync.event_v1`. */
export interface Delivery {
  readonly sequenceNumber: number;
  readonly enqueuedAt: Microseconds;
  /** The row of its key, from 1; 0 for a dead letter. */
  readonly rowNumber: number;
  readonly verdict: 'stale' | 'duplicate' | 'conflict' | 'dead_letter';
  /** Sum of {@link DELIVERY_FLAGS}. */
  readonly flags: number;
}

/** `sync.dead_letter_v1`. */
export interface DeadLetter {
  /** Place of its delivery among those that are not a winner, from 1. */
  readonly deliveryNumber: number;
  readonly offset: string;
  readonly key: string | null;
  readonly payload: Buffer;
  readonly reason: RejectionReason;
  readonly detail: string;
  readonly correlationId: string | null;
}

export const writeHeader: WriteFields<BatchHeader> = (fields, batch) => {
  fields.text(batch.topic);
  fields.integer(batch.partition);
  fields.text(batch.profileId);
  fields.boolean(batch.versionFirst);
  fields.bigint(batch.firstNumber);
  fields.bigint(batch.lastNumber);
  fields.boolean(batch.contiguous);
  fields.timestamptz(batch.earliestEnqueuedAt);
  fields.timestamptz(batch.latestEnqueuedAt);
  fields.timestamptz(batch.eventWatermark);
  fields.timestamptz(batch.publishWatermark);
  fields.text(batch.pairing.paymentEntryType);
  fields.text(batch.pairing.receiveEntryType);
  fields.text(batch.pairing.relatedType);
  fields.integer(batch.counts.stale);
  fields.integer(batch.counts.duplicate);
  fields.integer(batch.counts.conflict);
  fields.integer(batch.counts.deadLetters);
  fields.integer(batch.counts.versionMissing);
  fields.integer(batch.counts.aliasHit);
  fields.integer(batch.counts.coreViolation);
  fields.integer(batch.counts.keyMismatch);
  fields.integer(batch.counts.mixedAxes);
  fields.integer(batch.counts.pairingSkipped);
  fields.integer(batch.counts.relatedIdNull);
};

const VERDICT_LETTER = { stale: 's', duplicate: 'd', conflict: 'c', dead_letter: 'x' } as const;

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
};

/** `sync.ledger_row_v1`, `sync.order_row_v1`, `sync.confirmation_row_v1`. */
export const WRITE_ROW: { readonly [T in LogicalTopic]: WriteFields<Positioned<T>> } = {
  ledger: (fields, { record, position }) => {
    fields.text(record.txId);
    fields.text(record.walletId);
    fields.text(record.entryType);
    fields.numeric(record.amount);
    fields.numeric(record.amountSigned);
    fields.text(record.relatedId);
    fields.text(record.relatedType);
    fields.timestamptz(record.eventTime);
    fields.timestamptz(record.createdAt);
    writeTrailer(fields, record, position);
  },
  payment_order: (fields, { record, position }) => {
    fields.text(record.orderId);
    fields.text(record.userId);
    fields.text(record.merchantName);
    fields.numeric(record.amount);
    fields.text(record.status);
    fields.timestamptz(record.createdAt);
    writeTrailer(fields, record, position);
  },
  pair: (fields, { record, position }) => {
    fields.text(record.paymentOrderId);
    fields.text(record.paymentTxId);
    fields.text(record.receiveTxId);
    fields.text(record.payerWalletId);
    fields.text(record.payeeWalletId);
    fields.numeric(record.amount);
    fields.text(record.status);
    writeTrailer(fields, record, position);
  },
};

/** The fields that every row ends with. */
function writeTrailer(fields: FieldWriter, revision: Revision, position: BrokerPosition): void {
  fields.timestamptz(revision.updatedAt);
  fields.wideBigint(revision.version);
  fields.timestamptz(revision.occurredAt);
  fields.text(revision.schemaVersion);
  fields.timestamptz(position.enqueuedAt);
  fields.integer(position.partition);
  fields.bigint(position.sequenceNumber);
}
