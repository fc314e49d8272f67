import type pg from 'pg';

/** A session that holds a lock which another one waits for. */
export interface BlockingSession {
  readonly pid: number;
  readonly login: string;
  /** When its transaction began; `null` where this login may not see it, or it has ended since. */
  readonly since: Date | null;
  /** The first word of what it runs or ran last, never more: a statement may hold values. */
  readonly kind: string | null;
  readonly state: string | null;
}

/** The sessions that these ones wait for, the longest first. */
export async function blockingSessions(
  client: pg.ClientBase,
  waiting: readonly number[],
): Promise<BlockingSession[]> {
  const { rows } = await client.query<BlockingSession>(
    `SELECT a.pid, coalesce(a.usename, a.backend_type) AS login, a.xact_start AS since, a.state,
       CASE WHEN a.state IS NOT NULL THEN upper(substring(a.query FROM '^[\\s(]*([A-Za-z]{1,20})')) END AS kind
     FROM (SELECT DISTINCT blocker FROM unnest($1::int[]) waiting, unnest(pg_blocking_pids(waiting)) blocker) b
     JOIN pg_stat_activity a ON a.pid = b.blocker
     WHERE NOT a.pid = ANY ($1)
     ORDER BY a.xact_start NULLS LAST, a.pid`,
    [waiting],
  );
  return rows;
}
