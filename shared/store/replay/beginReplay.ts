import type pg from 'pg';

/** A request as far as it has come. */
export interface ReplayState {
  readonly status: 'running' | 'done';
  /** The last dead letter, or sequence number, that is done with. */
  readonly position: number;
  /** The last one that the request is about. */
  readonly ceiling: number;
  readonly examined: number;
  /** The request under this id is the same one. */
  readonly same: boolean;
}

export interface ReplayIdentity {
  readonly requestId: string;
  readonly request: object;
  readonly requestedBy: string;
  /** Where a request that is new begins. */
  readonly position: number;
  /** Where it ends; left out: the newest dead letter, so that a replay can't chase what arrives meanwhile. */
  readonly ceiling: number | null;
}

/** Begins a request, or finds how far it has come: a message may be delivered twice. */
export async function beginReplay(database: pg.Pool, replay: ReplayIdentity): Promise<ReplayState> {
  const { rows } = await database.query<ReplayState>(
    `INSERT INTO sync.replay_requests AS r (request_id, request, requested_by, position, ceiling)
     SELECT $1, $2, $3, $4, coalesce($5, (SELECT max(d.dlq_id) FROM bo.consumer_dlq_events d), 0)
     ON CONFLICT (request_id) DO UPDATE SET updated_at = now()
     RETURNING r.status, r.position::float8, r.ceiling::float8, r.examined::float8, r.request = $2 AS same`,
    [replay.requestId, JSON.stringify(replay.request), replay.requestedBy, replay.position, replay.ceiling],
  );
  return rows[0]!;
}
