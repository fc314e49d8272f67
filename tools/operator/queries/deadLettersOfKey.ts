import type pg from 'pg';

/** A dead letter in a list. */
export interface ListedDeadLetter {
  readonly dlq_id: string;
  readonly topic: string;
  readonly partition: number;
  readonly sequence_number: string;
  readonly error: string;
  readonly error_detail: string;
  readonly parked_at: string;
  readonly resolution: string | null;
}

const LISTED = 5;

/** The latest dead letters whose broker key is one of these. */
export async function deadLettersOfKey(
  database: pg.Pool,
  keys: readonly string[],
): Promise<ListedDeadLetter[]> {
  const { rows } = await database.query<ListedDeadLetter>(
    `SELECT dlq_id, topic, partition, sequence_number, error, error_detail, ingested_at AT TIME ZONE 'UTC' || 'Z' AS parked_at,
       resolution
     FROM bo.consumer_dlq_events WHERE key = ANY ($1) ORDER BY dlq_id DESC LIMIT $2`,
    [keys, LISTED],
  );
  return rows;
}
