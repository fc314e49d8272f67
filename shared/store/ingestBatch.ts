import type pg from 'pg';
import type { LogicalTopic } from '../contracts/fields.ts';
import type { Positioned } from '../precedence/precedence.ts';
import {
  type BatchAccounting,
  type DeadLetter,
  type Delivery,
  WRITE_ROW,
  writeAccounting,
  writeDeadLetter,
  writeDelivery,
} from './batchParameters.ts';
import { encodeComposite, encodeCompositeArray, encodeSmallintArray } from './binaryFormat.ts';
import { FUNCTIONS_SCHEMA } from './release.ts';

export interface BatchParameters<T extends LogicalTopic> {
  readonly logicalTopic: T;
  /** The profile puts `version` before `updated_at`. */
  readonly versionFirst: boolean;
  readonly accounting: BatchAccounting;
  /** One a key, sorted by key; `flags`: sum of DELIVERY_FLAGS. */
  readonly rows: readonly (Positioned<T> & { readonly flags: number })[];
  /** Every delivery that is not a row, in the order in which it was received. */
  readonly others: readonly Delivery[];
  readonly deadLetters: readonly DeadLetter[];
}

/** What the batch came to; the first six add up to the number of deliveries. */
export interface BatchCounts {
  readonly applied: number;
  readonly stale: number;
  readonly duplicate: number;
  readonly conflict: number;
  readonly dead_lettered: number;
  readonly ignored: number;
  /** Deliveries, among all of these, whose sequence number was processed before. */
  readonly redelivered: number;
  /** Pairs that were complete and no longer are. */
  readonly reopened: number;
  /** Number of the epoch that this batch began, where the hub was recreated. */
  readonly epoch_started: number | null;
  /** PostgreSQL's number of the transaction: `%x` of its log, `xmin` of what was written last, as the pairs. */
  readonly transaction_id: string;
}

const CALL: { readonly [T in LogicalTopic]: string } = {
  ledger: 'ingest_ledger',
  payment_order: 'ingest_orders',
  pair: 'ingest_confirmations',
  control: 'ingest_totals',
};

/**
 * Writes a batch: one statement, so one transaction and one round trip (infra/database/functions/20_ingest.each.sql).
 *
 * @param database the pool, or a connection that has a transaction open.
 * @throws the driver's error; {@link failureKind} says what it means for the batch. Nothing is written then, unless
 * the connection broke after the commit: sending the batch again is always right.
 */
export async function ingestBatch<T extends LogicalTopic>(
  database: pg.Pool | pg.ClientBase,
  batch: BatchParameters<T>,
): Promise<BatchCounts> {
  const call = CALL[batch.logicalTopic];
  const result = await database.query<BatchCounts>({
    name: call,
    text: `SELECT *, pg_current_xact_id()::text AS transaction_id FROM ${FUNCTIONS_SCHEMA}.${call}($1, $2, $3, $4, $5, $6)`,
    values: [
      batch.versionFirst,
      encodeComposite(writeAccounting, batch.accounting),
      encodeCompositeArray(WRITE_ROW[batch.logicalTopic], batch.rows),
      batch.rows.some(({ flags }) => flags !== 0)
        ? encodeSmallintArray(batch.rows.map(({ flags }) => flags))
        : null,
      encodeCompositeArray(writeDelivery, batch.others),
      encodeCompositeArray(writeDeadLetter, batch.deadLetters),
    ],
  });
  return result.rows[0]!;
}
