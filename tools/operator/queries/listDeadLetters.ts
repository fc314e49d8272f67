import type pg from 'pg';

export interface DeadLetterSelection {
  readonly topic: string | null;
  readonly error: string | null;
  /** The broker's, as it is stored. */
  readonly key: string | null;
  /** ISO times; by when the dead letter was parked. */
  readonly since: string | null;
  readonly until: string | null;
  /** Also those that are resolved. */
  readonly all: boolean;
  readonly limit: number;
}

/** Dead letters without their payload and key, the oldest first. */
export async function listDeadLetters(
  database: pg.Pool,
  { topic, error, key, since, until, all, limit }: DeadLetterSelection,
): Promise<Record<string, unknown>[]> {
  const { rows } = await database.query(
    `SELECT d.dlq_id, d.topic, d.partition, d.sequence_number, d.error, d.error_detail, d.profile_id,
       d.replay_count AS attempts, d.ingested_at AS parked_at, d.resolved_at, d.resolution
     FROM bo.consumer_dlq_events d
     WHERE ($1::text IS NULL OR d.topic = $1) AND ($2::text IS NULL OR d.error = $2)
       AND ($3::timestamptz IS NULL OR d.ingested_at >= $3) AND ($4::timestamptz IS NULL OR d.ingested_at < $4)
       AND ($5 OR d.resolved_at IS NULL) AND ($7::text IS NULL OR d.key = $7)
     ORDER BY d.dlq_id LIMIT $6`,
    [topic, error, since, until, all, limit, key],
  );
  return rows.map(({ parked_at, resolved_at, ...row }) => ({
    ...row,
    parked_at: parked_at.toISOString(),
    resolved_at: resolved_at?.toISOString() ?? null,
  }));
}
