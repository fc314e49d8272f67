import type pg from 'pg';

export interface DeadLetterOfRun {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly sequenceNumber: number;
  readonly error: string;
}

/** Dead letters whose correlation id is of a run, among those parked since. */
export async function deadLettersOfRun(
  database: pg.Pool,
  run: string,
  since: Date,
): Promise<DeadLetterOfRun[]> {
  const { rows } = await database.query<DeadLetterOfRun>(
    `SELECT dlq_id AS id, topic, partition, sequence_number::float8 AS "sequenceNumber", error
     FROM bo.consumer_dlq_events
     WHERE resolved_at IS NULL AND ingested_at >= $2 AND starts_with(correlation_id, $1 || '-')`,
    [run, since],
  );
  return rows;
}
