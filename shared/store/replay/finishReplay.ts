import type pg from 'pg';

/** The counts of a request that is done. */
export interface ReplayResult {
  readonly examined: number;
  readonly resolved: number;
  readonly rejected: number;
  readonly exhausted: number;
  readonly lost: number;
}

/** Ends a request and writes its line of the audit log, once, however many runs end it. */
export async function finishReplay(database: pg.Pool, requestId: string): Promise<void> {
  await database.query(
    `WITH done AS (
       UPDATE sync.replay_requests r SET status = 'done', finished_at = now(), updated_at = now()
       WHERE r.request_id = $1 AND r.status = 'running'
       RETURNING r.*
     )
     INSERT INTO sync.audit_log (actor, action, details, result)
     SELECT requested_by, 'replay', jsonb_build_object('request_id', request_id, 'request', request),
       jsonb_build_object('examined', examined, 'resolved', resolved, 'rejected', rejected,
         'exhausted', exhausted, 'lost', lost)
     FROM done`,
    [requestId],
  );
}
