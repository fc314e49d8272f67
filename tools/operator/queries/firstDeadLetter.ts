import type pg from 'pg';

/** Where an event lies in its hub. */
export interface EventPlace {
  readonly topic: string;
  readonly partition: number;
  readonly number: number;
}

/** The first event of a topic that was parked at this time or later; `error`: for this reason. */
export async function firstDeadLetter(
  database: pg.Pool,
  topic: string,
  error: string | null,
  since: Date,
): Promise<EventPlace | undefined> {
  const { rows } = await database.query<EventPlace>(
    `SELECT topic, partition, sequence_number::float8 AS number FROM bo.consumer_dlq_events
     WHERE topic = $1 AND ($2::text IS NULL OR error = $2) AND ingested_at >= $3
     ORDER BY ingested_at, dlq_id LIMIT 1`,
    [topic, error, since],
  );
  return rows[0];
}
