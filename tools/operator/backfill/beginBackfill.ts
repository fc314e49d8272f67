import type pg from 'pg';

export interface BackfillIdentity {
  readonly backfillId: string;
  /** The hub's name. */
  readonly topic: string;
  /** Microseconds since 1970. */
  readonly asOf: number;
  readonly requestedBy: string;
}

/** A range of lines whose rows are merged, both ends included. */
export interface DoneLines {
  readonly from: number;
  readonly to: number;
}

/**
 * Begins a backfill, or finds how far it has come. One that was finished while the database refused some of it begins
 * anew: to load it again changes nothing that is there, and may load what was refused.
 */
export async function beginBackfill(database: pg.Pool, backfill: BackfillIdentity): Promise<DoneLines[]> {
  const { rows } = await database.query<{ done: DoneLines[] | null }>(
    `WITH b AS (
       INSERT INTO sync.backfills AS b (backfill_id, topic, as_of, requested_by)
       VALUES ($1, $2, to_timestamp($3::float8 / 1000000), $4)
       ON CONFLICT (backfill_id) DO UPDATE SET (done, applied, stale, duplicate, conflict, refused, updated_at) = (
         SELECT CASE WHEN again THEN '{}' ELSE b.done END, CASE WHEN again THEN 0 ELSE b.applied END,
           CASE WHEN again THEN 0 ELSE b.stale END, CASE WHEN again THEN 0 ELSE b.duplicate END,
           CASE WHEN again THEN 0 ELSE b.conflict END, CASE WHEN again THEN '[]' ELSE b.refused END, now()
         FROM (SELECT b.finished_at IS NOT NULL AND b.refused <> '[]' AS again) c)
       RETURNING b.done
     )
     SELECT (SELECT jsonb_agg(jsonb_build_object('from', lower(r), 'to', upper(r) - 1) ORDER BY r)
       FROM unnest(b.done) r) AS done
     FROM b`,
    [backfill.backfillId, backfill.topic, backfill.asOf, backfill.requestedBy],
  );
  return rows[0]!.done ?? [];
}
