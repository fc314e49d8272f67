import type pg from 'pg';

export interface PairState {
  /** Share of pairs that are complete; `null` where there is none. */
  readonly completeRatio: number | null;
  /** 95th percentile of the age of incomplete pairs, in seconds; `null` where there is none. */
  readonly incompleteAge: number | null;
}

/**
 * A transaction that changed pairs has committed this long after the time stamp that it gave them: a batch ends within
 * its statement timeout of a minute.
 */
const LONGEST_TRANSACTION = '5 minutes';

/** Brings the list of incomplete pairs up to date with those that changed; they are found by their BRIN index. */
export async function refreshIncompletePairs(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ since: string }>(
    `UPDATE sync.metrics_state SET pairs_scanned_at = now()
     RETURNING (old.pairs_scanned_at - interval '${LONGEST_TRANSACTION}')::text AS since`,
  );
  // The time as a parameter: of a subquery the planner would not know how few pairs are meant, and read all of them.
  await client.query(
    `WITH changed AS MATERIALIZED (
       SELECT p.payment_order_id, p.pairing_status, p.event_time FROM bo.payment_ledger_pairs p
       WHERE p.updated_at >= $1::timestamptz
     ), gone AS (
       DELETE FROM sync.incomplete_pairs i USING changed c
       WHERE i.payment_order_id = c.payment_order_id AND c.pairing_status = 'COMPLETE'
     )
     INSERT INTO sync.incomplete_pairs AS i (payment_order_id, pairing_status, event_time)
     SELECT payment_order_id, pairing_status, event_time FROM changed WHERE pairing_status <> 'COMPLETE'
     ON CONFLICT (payment_order_id) DO UPDATE
       SET pairing_status = excluded.pairing_status, event_time = excluded.event_time
       WHERE (i.pairing_status, i.event_time) IS DISTINCT FROM (excluded.pairing_status, excluded.event_time)`,
    [rows[0]!.since],
  );
  // A pair whose last entry went has no row any more, and so no time of change.
  await client.query(
    `DELETE FROM sync.incomplete_pairs i
     WHERE NOT EXISTS (SELECT FROM bo.payment_ledger_pairs p WHERE p.payment_order_id = i.payment_order_id)`,
  );
}

/** Pages up to which pairs are counted; beyond, the planner's estimate is good to a few in a hundred. */
const COUNTED_PAGES = 20_000;

export async function readPairs(client: pg.ClientBase): Promise<PairState> {
  const { rows } = await client.query<{ estimate: number | null; incomplete: number; age: number | null }>(
    `SELECT (SELECT CASE WHEN pages > $1 THEN (reltuples / nullif(relpages, 0) * pages)::float8 END
         FROM (SELECT *, pg_relation_size(oid) / current_setting('block_size')::integer AS pages FROM pg_class
           WHERE oid = 'bo.payment_ledger_pairs'::regclass) c) AS estimate,
       count(*)::float8 AS incomplete,
       percentile_cont(0.95) WITHIN GROUP (
         ORDER BY greatest(extract(epoch FROM clock_timestamp() - event_time), 0)::float8)
         FILTER (WHERE pairing_status = 'INCOMPLETE') AS age
     FROM sync.incomplete_pairs`,
    [COUNTED_PAGES],
  );
  const { estimate, incomplete, age } = rows[0]!;
  const total = estimate ?? (await countPairs(client));
  return {
    completeRatio: total === 0 ? null : Math.max((total - incomplete) / total, 0),
    incompleteAge: age,
  };
}

async function countPairs(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ total: number }>(
    'SELECT count(*)::float8 AS total FROM bo.payment_ledger_pairs',
  );
  return rows[0]!.total;
}
