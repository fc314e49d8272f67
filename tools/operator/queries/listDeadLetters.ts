import type pg from 'pg';

/** Which dead letters; all conditions hold together, and `null` is none. */
export interface DeadLetterSelection {
  readonly topic: string | null;
  readonly error: string | null;
  /** Exactly one of these. */
  readonly details: readonly string[] | null;
  /** The broker's, as it is stored. */
  readonly key: string | null;
  readonly partition: number | null;
  /** ISO times; by when the dead letter was parked. */
  readonly since: string | null;
  readonly until: string | null;
  readonly ids: readonly number[] | null;
  readonly status: 'open' | 'resolved' | 'all';
}

export const EVERY_OPEN: DeadLetterSelection = {
  topic: null,
  error: null,
  details: null,
  key: null,
  partition: null,
  since: null,
  until: null,
  ids: null,
  status: 'open',
};

/** A stretch of the list: from its beginning, or from behind a dead letter, exclusive. */
export interface Stretch {
  readonly order: 'oldest first' | 'newest first';
  readonly behind: number | null;
  readonly limit: number;
}

/** A dead letter in a list: without its payload and key. */
export interface ListedDeadLetter {
  readonly dlq_id: string;
  readonly topic: string;
  readonly partition: number;
  readonly sequence_number: string;
  readonly error: string;
  readonly error_detail: string;
  readonly profile_id: string;
  readonly attempts: number;
  readonly parked_at: string;
  readonly resolved_at: string | null;
  readonly resolution: string | null;
}

/**
 * Dead letters by id: what lies between two pages is found by an index, however far they are. The conditions are constants to the
 * planner, which leaves out those that are NULL.
 */
export async function listDeadLetters(
  database: pg.Pool,
  selection: DeadLetterSelection,
  stretch: Stretch,
): Promise<ListedDeadLetter[]> {
  const [beyond, direction] = stretch.order === 'oldest first' ? ['>', 'ASC'] : ['<', 'DESC'];
  const { topic, error, details, key, partition, since, until, ids, status } = selection;
  const { rows } = await database.query(
    `SELECT d.dlq_id, d.topic, d.partition, d.sequence_number, d.error, d.error_detail, d.profile_id,
       d.replay_count AS attempts, d.ingested_at AS parked_at, d.resolved_at, d.resolution
     FROM bo.consumer_dlq_events d
     WHERE ($1::text IS NULL OR d.topic = $1) AND ($2::text IS NULL OR d.error = $2)
       AND ($3::text[] IS NULL OR d.error_detail = ANY ($3)) AND ($4::text IS NULL OR d.key = $4)
       AND ($5::integer IS NULL OR d.partition = $5)
       AND ($6::timestamptz IS NULL OR d.ingested_at >= $6) AND ($7::timestamptz IS NULL OR d.ingested_at < $7)
       AND ($8::bigint[] IS NULL OR d.dlq_id = ANY ($8))
       AND ($9 <> 'open' OR d.resolved_at IS NULL) AND ($9 <> 'resolved' OR d.resolved_at IS NOT NULL)
       AND ($10::bigint IS NULL OR d.dlq_id ${beyond} $10)
     ORDER BY d.dlq_id ${direction} LIMIT $11`,
    [topic, error, details, key, partition, since, until, ids, status, stretch.behind, stretch.limit],
  );
  return rows.map(({ parked_at, resolved_at, ...row }) => ({
    ...row,
    parked_at: parked_at.toISOString(),
    resolved_at: resolved_at?.toISOString() ?? null,
  }));
}
