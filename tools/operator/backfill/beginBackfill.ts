import type pg from 'pg';
import type { LineRange } from './doneLines.ts';
import type { LineCounts } from './mergeRows.ts';

export interface BackfillIdentity {
  readonly backfillId: string;
  /** The hub's name. */
  readonly topic: string;
  /** Microseconds since 1970. */
  readonly asOf: number;
  readonly requestedBy: string;
}

/** How far a backfill has come. */
export interface BegunBackfill {
  readonly done: readonly LineRange[];
  /** Of these lines. */
  readonly counts: LineCounts;
}

/**
 * Begins a backfill, or finds how far it has come. One that was finished while the database refused some of it begins
 * anew: to load it again changes nothing that is there, and may load what was refused.
 */
export async function beginBackfill(database: pg.Pool, backfill: BackfillIdentity): Promise<BegunBackfill> {
  const { rows } = await database.query<LineCounts & { done: LineRange[] | null }>(
    `WITH b AS (
       INSERT INTO sync.backfills AS b (backfill_id, topic, as_of, requested_by)
       VALUES ($1, $2, to_timestamp($3::float8 / 1000000), $4)
       ON CONFLICT (backfill_id) DO UPDATE SET (done, lines, outside, rejected, applied, stale,
         duplicate, conflict, refused, updated_at) = (
         SELECT CASE WHEN again THEN '{}' ELSE b.done END, CASE WHEN again THEN 0 ELSE b.lines END,
           CASE WHEN again THEN 0 ELSE b.outside END, CASE WHEN again THEN 0 ELSE b.rejected END,
           CASE WHEN again THEN 0 ELSE b.applied END,
           CASE WHEN again THEN 0 ELSE b.stale END, CASE WHEN again THEN 0 ELSE b.duplicate END,
           CASE WHEN again THEN 0 ELSE b.conflict END, CASE WHEN again THEN '[]' ELSE b.refused END, now()
         FROM (SELECT b.finished_at IS NOT NULL AND b.refused <> '[]' AS again) c)
       RETURNING b.*
     )
     SELECT (SELECT jsonb_agg(jsonb_build_object('from', lower(r), 'to', upper(r) - 1) ORDER BY r)
       FROM unnest(b.done) r) AS done, lines::float8 AS read, outside::float8, rejected::float8
     FROM b`,
    [backfill.backfillId, backfill.topic, backfill.asOf, backfill.requestedBy],
  );
  const { done, ...counts } = rows[0]!;
  return { done: done ?? [], counts };
}
