import type pg from 'pg';

/** Numbers of a partition that are missing, and when their repair is asked for. */
export interface GapRepair {
  readonly topic: string;
  readonly partition: number;
  readonly first: number;
  readonly last: number;
  /** How often it was asked for. */
  readonly attempts: number;
  /** Seconds until it is asked for; past: below zero. */
  readonly dueIn: number;
}

export async function readGapRepairs(client: pg.ClientBase): Promise<GapRepair[]> {
  const { rows } = await client.query<GapRepair>(
    `SELECT topic, partition, first_number::float8 AS first, last_number::float8 AS last, attempts,
       extract(epoch FROM due_at - now())::float8 AS "dueIn"
     FROM sync.gap_repairs`,
  );
  return rows;
}

/** Writes all of them anew; what is not among them is repaired. */
export async function writeGapRepairs(client: pg.ClientBase, repairs: readonly GapRepair[]): Promise<void> {
  await client.query('DELETE FROM sync.gap_repairs');
  await client.query(
    `INSERT INTO sync.gap_repairs (topic, partition, first_number, last_number, attempts, due_at)
     SELECT topic, partition, first, last, attempts, now() + make_interval(secs => "dueIn")
     FROM jsonb_to_recordset($1) AS r(topic text, partition integer, first bigint, last bigint, attempts integer,
       "dueIn" float8)`,
    [JSON.stringify(repairs)],
  );
}
