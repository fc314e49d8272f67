import type pg from 'pg';
import type { ReplayResult } from './finishReplay.ts';

/** A request on its way. */
export interface ReplayProgress extends ReplayResult {
  readonly status: 'running' | 'done';
  /** Since it last moved. */
  readonly idle_ms: number;
}

/** A request and what came of it so far; `undefined` where it has not begun, or is past its retention. */
export async function readReplay(database: pg.Pool, requestId: string): Promise<ReplayProgress | undefined> {
  const { rows } = await database.query(
    `SELECT status, (extract(epoch FROM now() - updated_at) * 1000)::float8 AS idle_ms, examined::float8, resolved::float8, rejected::float8, exhausted::float8, lost::float8
     FROM sync.replay_requests WHERE request_id = $1`,
    [requestId],
  );
  return rows[0];
}
