import type pg from 'pg';

/** What the timer's last run left. */
export interface MetricsState {
  /** Seconds since counters were last sent; `null` before the first time. */
  readonly secondsSinceExport: number | null;
  /** An hour has gone by since old rows were last deleted. */
  readonly pruneIsDue: boolean;
}

/** Claims this run, for the transaction of the connection; `undefined` while another one is under way. */
export async function lockMetricsRun(client: pg.ClientBase): Promise<MetricsState | undefined> {
  const { rows } = await client.query<MetricsState>(
    `SELECT extract(epoch FROM now() - exported_at)::float8 AS "secondsSinceExport",
       pruned_at < now() - interval '1 hour' AS "pruneIsDue"
     FROM sync.metrics_state FOR UPDATE SKIP LOCKED`,
  );
  return rows[0];
}
