import type pg from 'pg';

/** What the broker says of a hub. */
export interface FoundHub {
  readonly topic: string;
  readonly createdAt: Date;
  /** Its last number lies below one that was processed: it is another hub than that was. */
  readonly restarted: boolean;
}

/**
 * Closes the epochs of hubs that were deleted and made again, and notes which hub is read from now on, and that its events are
 * to be asked for ({@link takeRecreated}). Returns the topics of these hubs.
 *
 * A hub is another one where its time of creation is a later one than at the last run, or its numbers restarted. Both hold
 * also where its successor has outgrown it, so that no event shows that numbers began anew. What was read of the successor
 * meanwhile is read again: nobody can tell its numbers from the old hub's.
 */
export async function closeFormerEpochs(database: pg.Pool, hubs: readonly FoundHub[]): Promise<string[]> {
  const { rows } = await database.query<{ topic: string }>(
    `WITH found AS (
       SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::boolean[]) f(topic, created_at, restarted)
     ), noted AS (
       INSERT INTO sync.hubs AS h (topic, created_at, catch_up)
       SELECT topic, created_at, restarted FROM found ORDER BY topic
       ON CONFLICT (topic) DO UPDATE SET created_at = excluded.created_at, catch_up = true
         WHERE h.created_at < excluded.created_at OR excluded.catch_up
       RETURNING topic, created_at, catch_up
     ), recreated AS (
       SELECT topic, created_at FROM noted WHERE catch_up
     ), former AS MATERIALIZED (
       -- What a batch changes meanwhile is seen here: the row is locked, as by the batch.
       SELECT p.*, r.created_at FROM sync.partitions p JOIN recreated r USING (topic)
       WHERE NOT isempty(p.seen) AND p.first_enqueued_at < r.created_at
       ORDER BY p.topic, p.partition FOR UPDATE OF p
     ), closed AS (
       INSERT INTO sync.closed_epochs (topic, partition, epoch, seen, first_enqueued_at, last_enqueued_at)
       SELECT topic, partition, epoch, seen, first_enqueued_at,
         least(last_enqueued_at, created_at - interval '1 microsecond')
       FROM former
     ), opened AS (
       UPDATE sync.partitions p SET epoch = f.epoch + 1, seen = '{}', first_enqueued_at = f.created_at,
         last_enqueued_at = '-infinity', new_batches = 0
       FROM former f WHERE p.topic = f.topic AND p.partition = f.partition
     )
     SELECT topic FROM recreated ORDER BY topic`,
    [
      hubs.map(({ topic }) => topic),
      hubs.map(({ createdAt }) => createdAt),
      hubs.map(({ restarted }) => restarted),
    ],
  );
  return rows.map(({ topic }) => topic);
}
