import type pg from 'pg';
import { FUNCTIONS_SCHEMA } from '../release.ts';

/** Which open dead letters; all conditions hold together. */
export interface DeadLetterFilter {
  readonly ids: readonly number[] | null;
  readonly topic: string | null;
  readonly error: string | null;
  readonly since: string | null;
  readonly until: string | null;
}

export interface PageOfDeadLetters extends DeadLetterFilter {
  /** Only ids above `after`, up to `ceiling`. */
  readonly after: number;
  readonly ceiling: number;
  readonly most: number;
  /** Attempts after which one is left alone. */
  readonly maxAttempts: number;
}

export interface OpenDeadLetter {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  /** The closed epoch that its number belongs to; `null`: the open one. */
  readonly epoch: number | null;
  readonly sequenceNumber: number;
  /** Microseconds since 1970. */
  readonly enqueuedAt: number;
  readonly offset: string;
  readonly key: string | null;
  readonly correlationId: string | null;
  /** Of Avro, where the content type named it. */
  readonly schemaId?: string;
  /** The form of a body that has no exact bytes: it stays what it is. */
  readonly unreadable?: string;
  /** `null` where it has had its attempts. */
  readonly payload: Buffer | null;
}

/** Bodies are up to 1 MB each: what a page may hold in memory. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

/** The next page of open dead letters, by id. */
export async function nextDeadLetters(database: pg.Pool, page: PageOfDeadLetters): Promise<OpenDeadLetter[]> {
  const { rows } = await database.query(
    `WITH candidates AS MATERIALIZED (
       SELECT d.dlq_id, octet_length(d.payload) AS bytes
       FROM bo.consumer_dlq_events d
       WHERE d.resolved_at IS NULL AND d.dlq_id > $6 AND d.dlq_id <= $7
         AND ($1::bigint[] IS NULL OR d.dlq_id = ANY ($1))
         AND ($2::text IS NULL OR d.topic = $2) AND ($3::text IS NULL OR d.error = $3)
         AND ($4::timestamptz IS NULL OR d.ingested_at >= $4)
         AND ($5::timestamptz IS NULL OR d.ingested_at < $5)
       ORDER BY d.dlq_id LIMIT $8
     ), page AS MATERIALIZED (
       SELECT dlq_id FROM (SELECT *, sum(bytes) OVER (ORDER BY dlq_id) - bytes AS before FROM candidates) c
       WHERE before < $10
     )
     SELECT d.dlq_id AS id, d.topic, d.partition,
       ${FUNCTIONS_SCHEMA}.closed_epoch_at(d.topic, d.partition, d.enqueued_at) AS epoch, d.sequence_number,
       (extract(epoch FROM d.enqueued_at) * 1000000)::bigint AS enqueued_at, d."offset", d.key, d.correlation_id,
       d.schema_id,
       CASE WHEN d.error = 'unreadable_body' THEN d.error_detail END AS unreadable,
       CASE WHEN d.replay_count < $9 THEN d.payload END AS payload
     FROM page p JOIN bo.consumer_dlq_events d USING (dlq_id)
     ORDER BY d.dlq_id`,
    [
      page.ids,
      page.topic,
      page.error,
      page.since,
      page.until,
      page.after,
      page.ceiling,
      page.most,
      page.maxAttempts,
      MAX_PAGE_BYTES,
    ],
  );
  return rows.map((row) => ({
    id: Number(row.id),
    topic: row.topic,
    partition: row.partition,
    epoch: row.epoch,
    sequenceNumber: Number(row.sequence_number),
    enqueuedAt: Number(row.enqueued_at),
    offset: row.offset,
    key: row.key,
    correlationId: row.correlation_id,
    ...(row.schema_id !== null && { schemaId: row.schema_id }),
    ...(row.unreadable !== null && { unreadable: row.unreadable }),
    payload: row.payload,
  }));
}
