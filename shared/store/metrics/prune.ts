import type pg from 'pg';
import { FUNCTIONS_SCHEMA } from '../release.ts';

/** Bodies are up to 1 MB each: more of them go in the runs that follow. */
const DEAD_LETTERS_AT_ONCE = 1000;
/** More than the 7 days that ratios look back, so that a month can be compared with the one before. */
const COUNTERS_KEPT = '35 days';
const REQUESTS_KEPT = '35 days';
const TOTALS_KEPT = '90 days';

/** Deletes what is past its retention, and what came late of end-to-end tests; returns how many dead letters were past theirs. */
export async function prune(client: pg.ClientBase, deadLetterRetentionDays: number): Promise<number> {
  await client.query(`SELECT ${FUNCTIONS_SCHEMA}.remove_late_synthetic()`);
  const { rowCount } = await client.query(
    `DELETE FROM bo.consumer_dlq_events WHERE dlq_id IN (
       SELECT dlq_id FROM bo.consumer_dlq_events
       WHERE resolved_at < now() - make_interval(days => $1) ORDER BY resolved_at LIMIT $2)`,
    [deadLetterRetentionDays, DEAD_LETTERS_AT_ONCE],
  );
  const deleted = rowCount ?? 0;
  if (deleted === DEAD_LETTERS_AT_ONCE) return deleted;
  await client.query(`DELETE FROM sync.hourly_counters WHERE hour < now() - interval '${COUNTERS_KEPT}'`);
  await client.query(`DELETE FROM sync.hourly_dead_letters WHERE hour < now() - interval '${COUNTERS_KEPT}'`);
  await client.query(`DELETE FROM sync.exported_counters WHERE hour < now() - interval '${COUNTERS_KEPT}'`);
  await client.query(
    `DELETE FROM sync.replay_requests WHERE finished_at < now() - interval '${REQUESTS_KEPT}'`,
  );
  await client.query(`DELETE FROM sync.source_totals WHERE updated_at < now() - interval '${TOTALS_KEPT}'`);
  await client.query(`DELETE FROM bo.control_totals WHERE generated_at < now() - interval '${TOTALS_KEPT}'`);
  await client.query('UPDATE sync.metrics_state SET pruned_at = now()');
  return deleted;
}
