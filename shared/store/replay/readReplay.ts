import type pg from 'pg';
import type { ReplayResult } from './finishReplay.ts';

/** A request and what came of it so far; `undefined` where it has not begun, or is past its retention. */
export async function readReplay(
  database: pg.Pool,
  requestId: string,
): Promise<(ReplayResult & { readonly status: 'running' | 'done' }) | undefined> {
  const { rows } = await database.query(
    `SELECT status, examined::float8, resolved::float8, rejected::float8, exhausted::float8, lost::float8
     FROM sync.replay_requests WHERE request_id = $1`,
    [requestId],
  );
  return rows[0];
}
