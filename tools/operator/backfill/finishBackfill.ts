import type pg from 'pg';
import type { LineCounts } from './mergeRows.ts';

/** What a backfill came to, over all of its runs. */
export interface BackfillCounts extends LineCounts {
  readonly applied: number;
  readonly stale: number;
  readonly duplicate: number;
  readonly conflict: number;
  readonly refused: readonly { readonly line: number; readonly state: string }[];
}

/** Ends a backfill, or a run of it, and writes the audit log. `details` say what was loaded and by which rules. */
export async function finishBackfill(
  database: pg.Pool,
  backfillId: string,
  { finished, details }: { finished: boolean; details: object },
): Promise<BackfillCounts> {
  const { rows } = await database.query<BackfillCounts>(
    `WITH b AS (
       UPDATE sync.backfills b SET updated_at = now(),
         finished_at = CASE WHEN $2 THEN coalesce(b.finished_at, now()) ELSE b.finished_at END
       WHERE b.backfill_id = $1
       RETURNING b.*
     ), audited AS (
       INSERT INTO sync.audit_log (actor, action, details, result)
       SELECT requested_by, 'backfill', $3::jsonb || jsonb_build_object('backfill_id', backfill_id, 'topic', topic),
         jsonb_build_object('finished', $2, 'applied', applied, 'stale', stale, 'duplicate', duplicate,
           'conflict', conflict, 'rejected', rejected + jsonb_array_length(refused))
       FROM b
     )
     SELECT lines::float8 AS read, outside::float8, rejected::float8, applied::float8, stale::float8, duplicate::float8, conflict::float8, refused FROM b`,
    [backfillId, finished, JSON.stringify(details)],
  );
  return rows[0]!;
}
