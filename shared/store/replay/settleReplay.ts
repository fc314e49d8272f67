import type pg from 'pg';

/** What became of a page of dead letters, or of a stretch of a gap. */
export interface Settlement {
  readonly requestId: string;
  /** Where the request stood when the page was taken. */
  readonly from: number;
  readonly to: number;
  readonly examined: number;
  /** Besides the dead letters in `stored`. */
  readonly alsoResolved: number;
  /** Besides the dead letters in `refused`. */
  readonly alsoRejected: number;
  readonly exhausted: number;
  readonly lost: number;
  /** Dead letters whose events are stored now. */
  readonly stored: readonly number[];
  /** Dead letters that are still refused, with why: the reason may be another one than before. */
  readonly refused: readonly { readonly id: number; readonly error: string; readonly detail: string }[];
  readonly profileId: string;
}

/**
 * Marks what a page came to, counts the attempt, and moves the request on, at once. Returns false where another run of
 * the same request has moved it meanwhile: then that run goes on, and this one counts nothing.
 */
export async function settleReplay(database: pg.Pool, page: Settlement): Promise<boolean> {
  const { rowCount } = await database.query(
    `WITH locked AS MATERIALIZED (
       -- One order of locks for every replay.
       SELECT d.dlq_id FROM bo.consumer_dlq_events d
       WHERE d.dlq_id = ANY ($9::bigint[] || $10::bigint[]) AND d.resolved_at IS NULL
       ORDER BY d.dlq_id FOR NO KEY UPDATE
     ), stored AS (
       UPDATE bo.consumer_dlq_events d
       SET resolved_at = now(), resolution = 'replayed', replay_count = d.replay_count + 1
       FROM locked l WHERE d.dlq_id = l.dlq_id AND d.dlq_id = ANY ($9::bigint[])
       RETURNING d.dlq_id
     ), refused AS (
       UPDATE bo.consumer_dlq_events d
       SET error = r.error, error_detail = r.detail, profile_id = $13, replay_count = d.replay_count + 1
       FROM unnest($10::bigint[], $11::text[], $12::text[]) r(id, error, detail) JOIN locked l ON l.dlq_id = r.id
       WHERE d.dlq_id = r.id
     )
     UPDATE sync.replay_requests r SET position = $3, examined = r.examined + $4,
       resolved = r.resolved + $5 + (SELECT count(*) FROM stored),
       rejected = r.rejected + $6 + cardinality($10::bigint[]), exhausted = r.exhausted + $7,
       lost = r.lost + $8, updated_at = now()
     WHERE r.request_id = $1 AND r.position = $2 AND r.status = 'running'`,
    [
      page.requestId,
      page.from,
      page.to,
      page.examined,
      page.alsoResolved,
      page.alsoRejected,
      page.exhausted,
      page.lost,
      page.stored,
      page.refused.map(({ id }) => id),
      page.refused.map(({ error }) => error),
      page.refused.map(({ detail }) => detail),
      page.profileId,
    ],
  );
  return rowCount === 1;
}
