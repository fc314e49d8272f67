import type pg from 'pg';

export interface BackfillIdentity {
  readonly backfillId: string;
  /** The hub's name. */
  readonly topic: string;
  /** Microseconds since 1970. */
  readonly asOf: number;
  readonly requestedBy: string;
}

/** A backfill as far as it has come. */
export interface BackfillState {
  /** Ranges of lines whose rows are merged, both ends included, in order. */
  readonly done: readonly { readonly from: number; readonly to: number }[];
  readonly finished: boolean;
}

/** Begins a backfill, or finds how far it has come. */
export async function beginBackfill(database: pg.Pool, begun: BackfillIdentity): Promise<BackfillState> {
  const { rows } = await database.query<{ done: { from: number; to: number }[] | null; finished: boolean }>(
    `WITH b AS (
       INSERT INTO sync.backfills AS b (backfill_id, topic, as_of, requested_by)
       VALUES ($1, $2, to_timestamp($3::float8 / 1000000), $4)
       ON CONFLICT (backfill_id) DO UPDATE SET updated_at = now()
       RETURNING b.done, b.finished_at IS NOT NULL AS finished
     )
     SELECT b.finished, (SELECT jsonb_agg(jsonb_build_object('from', lower(r), 'to', upper(r) - 1) ORDER BY r)
       FROM unnest(b.done) r) AS done
     FROM b`,
    [begun.backfillId, begun.topic, begun.asOf, begun.requestedBy],
  );
  return { done: rows[0]!.done ?? [], finished: rows[0]!.finished };
}
