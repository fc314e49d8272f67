import type pg from 'pg';
import type { Origin } from '../../../shared/privacy/seal.ts';

export interface StoredDeadLetter {
  /** All but the payload. */
  readonly columns: Readonly<Record<string, unknown>>;
  /** As it is stored: sealed, where user ids are not plain. */
  readonly payload: Buffer;
  readonly origin: Origin;
}

/** One dead letter whole. */
export async function readDeadLetter(database: pg.Pool, id: number): Promise<StoredDeadLetter | undefined> {
  const { rows } = await database.query(
    `SELECT d.*, (extract(epoch FROM d.enqueued_at) * 1000000)::float8 AS enqueued_micros
     FROM bo.consumer_dlq_events d WHERE d.dlq_id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { payload, enqueued_micros: enqueuedAt, ...columns } = row;
  const { topic, partition, sequence_number: sequenceNumber } = columns;
  return {
    columns,
    payload,
    origin: { topic, partition, enqueuedAt, sequenceNumber: Number(sequenceNumber) },
  };
}
