import type { LogicalTopic } from '../contracts/fields.ts';
import type { RejectionReason } from '../contracts/rejection.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { PairingRule } from '../pairing/rule.ts';
import type { Positioned } from '../precedence/precedence.ts';
import type { Column } from './binaryFormat.ts';

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

/** One delivery: `sync.event_v1`. */
export interface Delivery {
  readonly sequenceNumber: number;
  readonly enqueuedAt: Microseconds;
  /** The row of its key, from 1; 0 for a dead letter. */
  readonly rowNumber: number;
  readonly verdict: 'winner' | 'stale' | 'duplicate' | 'conflict' | 'dead_letter';
  /** Sum of {@link DELIVERY_FLAGS}. */
  readonly flags: number;
}

/** What is counted of a delivery besides its outcome; the values are those of `sync.record_batch_v1`. */
export const DELIVERY_FLAGS = {
  versionMissing: 1,
  aliasHit: 2,
  coreViolation: 4,
  keyMismatch: 8,
  mixedAxes: 16,
  pairingSkipped: 32,
  relatedIdNull: 64,
} as const;

/** `sync.dead_letter_v1`. */
export interface DeadLetter {
  /** Place of its delivery in the batch, from 1. */
  readonly deliveryNumber: number;
  readonly offset: string;
  readonly key: string | null;
  readonly payload: Buffer;
  readonly reason: RejectionReason;
  readonly detail: string;
  readonly correlationId: string | null;
}

export const BATCH_COLUMNS: readonly Column<BatchHeader>[] = [
  ['text', (batch) => batch.topic],
  ['integer', (batch) => batch.partition],
  ['text', (batch) => batch.profileId],
  ['boolean', (batch) => batch.versionFirst],
  ['bigint', (batch) => batch.firstNumber],
  ['bigint', (batch) => batch.lastNumber],
  ['boolean', (batch) => batch.contiguous],
  ['timestamptz', (batch) => batch.earliestEnqueuedAt],
  ['timestamptz', (batch) => batch.latestEnqueuedAt],
  ['timestamptz', (batch) => batch.eventWatermark],
  ['timestamptz', (batch) => batch.publishWatermark],
  ['text', (batch) => batch.pairing.paymentEntryType],
  ['text', (batch) => batch.pairing.receiveEntryType],
  ['text', (batch) => batch.pairing.relatedType],
  ['integer', (batch) => batch.counts.stale],
  ['integer', (batch) => batch.counts.duplicate],
  ['integer', (batch) => batch.counts.conflict],
  ['integer', (batch) => batch.counts.deadLetters],
  ['integer', (batch) => batch.counts.versionMissing],
  ['integer', (batch) => batch.counts.aliasHit],
  ['integer', (batch) => batch.counts.coreViolation],
  ['integer', (batch) => batch.counts.keyMismatch],
  ['integer', (batch) => batch.counts.mixedAxes],
  ['integer', (batch) => batch.counts.pairingSkipped],
  ['integer', (batch) => batch.counts.relatedIdNull],
];

const VERDICT_LETTER = { winner: 'w', stale: 's', duplicate: 'd', conflict: 'c', dead_letter: 'x' } as const;

export const DELIVERY_COLUMNS: readonly Column<Delivery>[] = [
  ['bigint', (delivery) => delivery.sequenceNumber],
  ['timestamptz', (delivery) => delivery.enqueuedAt],
  ['integer', (delivery) => delivery.rowNumber],
  ['char', (delivery) => VERDICT_LETTER[delivery.verdict]],
  ['integer', (delivery) => delivery.flags],
];

export const DEAD_LETTER_COLUMNS: readonly Column<DeadLetter>[] = [
  ['integer', (letter) => letter.deliveryNumber],
  ['text', (letter) => letter.offset],
  ['text', (letter) => letter.key],
  ['bytea', (letter) => letter.payload],
  ['text', (letter) => letter.reason],
  ['text', (letter) => letter.detail],
  ['text', (letter) => letter.correlationId],
];

/** The columns that every record ends with. */
function trailer<T extends LogicalTopic>(): readonly Column<Positioned<T>>[] {
  return [
    ['timestamptz', ({ record }) => record.updatedAt],
    ['wide_bigint', ({ record }) => record.version],
    ['timestamptz', ({ record }) => record.occurredAt],
    ['text', ({ record }) => record.schemaVersion],
    ['timestamptz', ({ position }) => position.enqueuedAt],
    ['integer', ({ position }) => position.partition],
    ['bigint', ({ position }) => position.sequenceNumber],
  ];
}

/** `sync.ledger_row_v1`, `sync.order_row_v1`, `sync.confirmation_row_v1`. */
export const ROW_COLUMNS: { readonly [T in LogicalTopic]: readonly Column<Positioned<T>>[] } = {
  ledger: [
    ['text', ({ record }) => record.txId],
    ['text', ({ record }) => record.walletId],
    ['text', ({ record }) => record.entryType],
    ['numeric', ({ record }) => record.amount],
    ['numeric', ({ record }) => record.amountSigned],
    ['text', ({ record }) => record.relatedId],
    ['text', ({ record }) => record.relatedType],
    ['timestamptz', ({ record }) => record.eventTime],
    ['timestamptz', ({ record }) => record.createdAt],
    ...trailer<'ledger'>(),
  ],
  payment_order: [
    ['text', ({ record }) => record.orderId],
    ['text', ({ record }) => record.userId],
    ['text', ({ record }) => record.merchantName],
    ['numeric', ({ record }) => record.amount],
    ['text', ({ record }) => record.status],
    ['timestamptz', ({ record }) => record.createdAt],
    ...trailer<'payment_order'>(),
  ],
  pair: [
    ['text', ({ record }) => record.paymentOrderId],
    ['text', ({ record }) => record.paymentTxId],
    ['text', ({ record }) => record.receiveTxId],
    ['text', ({ record }) => record.payerWalletId],
    ['text', ({ record }) => record.payeeWalletId],
    ['numeric', ({ record }) => record.amount],
    ['text', ({ record }) => record.status],
    ...trailer<'pair'>(),
  ],
};
