import type pg from 'pg';

/** A partition that has events to process and does not move. Ages are in seconds. */
export interface StandingPartition {
  readonly topic: string;
  readonly partition: number;
  /** The first number that was not processed. */
  readonly next: number;
  /** The instance that held it; `null` where that could not be read. */
  readonly owner: string | null;
  /** How long number and owner have been the same. */
  readonly standsFor: number;
  /** Since it was last looked at. */
  readonly seenAgo: number;
  /** The last number whose repair was asked for, until the checkpoint is past it. */
  readonly askedTo: number | null;
  readonly askedAgo: number | null;
  /** Since its checkpoint was last moved. */
  readonly movedAgo: number | null;
  readonly moves: number;
}

/** A partition whose function was called for a batch that it did not store at once. */
export interface LastAttempt {
  readonly topic: string;
  readonly partition: number;
  /** `slow`, or what failed: `contention`, `data`, `infrastructure`, `refused` (most rows, for one reason). */
  readonly kind: string;
  readonly secondsAgo: number;
}

/** @param lock keeps others from changing them until the transaction ends. */
export async function readStandingPartitions(
  database: pg.Pool | pg.ClientBase,
  { lock = false } = {},
): Promise<StandingPartition[]> {
  const { rows } = await database.query<StandingPartition>(
    `SELECT topic, partition, next_number::float8 AS next, owner,
       extract(epoch FROM now() - since)::float8 AS "standsFor",
       extract(epoch FROM now() - seen_at)::float8 AS "seenAgo",
       asked_to::float8 AS "askedTo", extract(epoch FROM now() - asked_at)::float8 AS "askedAgo",
       extract(epoch FROM now() - moved_at)::float8 AS "movedAgo", moves
     FROM sync.standing_partitions ORDER BY topic, partition ${lock ? 'FOR UPDATE' : ''}`,
  );
  return rows;
}

export async function readAttempts(client: pg.ClientBase): Promise<LastAttempt[]> {
  const { rows } = await client.query<LastAttempt>(
    `SELECT topic, partition, kind, extract(epoch FROM now() - at)::float8 AS "secondsAgo" FROM sync.partition_attempts`,
  );
  return rows;
}

/**
 * Writes all of them; what is not among them moves. A row stays the same one: who waits to note a move in it finds it again.
 */
export async function writeStandingPartitions(
  client: pg.ClientBase,
  standing: readonly StandingPartition[],
): Promise<void> {
  const given = [standing.map(({ topic }) => topic), standing.map(({ partition }) => partition)];
  await client.query(
    `DELETE FROM sync.standing_partitions
     WHERE (topic, partition) NOT IN (SELECT topic, partition FROM unnest($1::text[], $2::integer[]) g(topic, partition))`,
    given,
  );
  await client.query(
    `INSERT INTO sync.standing_partitions (topic, partition, next_number, owner, since, seen_at, asked_to, asked_at,
       moved_at, moves)
     SELECT topic, partition, next, owner, now() - make_interval(secs => "standsFor"), now(), "askedTo",
       now() - make_interval(secs => "askedAgo"), now() - make_interval(secs => "movedAgo"), moves
     FROM jsonb_to_recordset($1) AS r(topic text, partition integer, next bigint, owner text, "standsFor" float8,
       "askedTo" bigint, "askedAgo" float8, "movedAgo" float8, moves integer)
     ON CONFLICT (topic, partition) DO UPDATE SET next_number = excluded.next_number, owner = excluded.owner,
       since = excluded.since, seen_at = excluded.seen_at, asked_to = excluded.asked_to, asked_at = excluded.asked_at,
       moved_at = excluded.moved_at, moves = excluded.moves`,
    [JSON.stringify(standing)],
  );
}
