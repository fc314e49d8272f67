import type pg from 'pg';
import { withConnection } from '../withConnection.ts';

/** What the timer's last run left. */
export interface MetricsState {
  /** Seconds since counters were last sent; `null` before the first time. */
  readonly secondsSinceExport: number | null;
  /** An hour has gone by since old rows were last deleted. */
  readonly pruneIsDue: boolean;
}

/**
 * Runs work in a transaction that no other run of the timer shares; returns `undefined`, without having done anything,
 * while another run is under way. Rolled back where the work fails.
 */
export async function inMetricsRun<R>(
  database: pg.Pool,
  work: (client: pg.ClientBase, state: MetricsState) => Promise<R>,
): Promise<R | undefined> {
  // Rolled back where something fails: the connection is closed then.
  return withConnection(database, async (client) => {
    await client.query('BEGIN');
    const { rows } = await client.query<MetricsState>(
      `SELECT extract(epoch FROM now() - exported_at)::float8 AS "secondsSinceExport",
         pruned_at < now() - interval '1 hour' AS "pruneIsDue"
       FROM sync.metrics_state FOR UPDATE SKIP LOCKED`,
    );
    const result = rows[0] && (await work(client, rows[0]));
    await client.query('COMMIT');
    return result;
  });
}
