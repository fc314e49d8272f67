import type pg from 'pg';

/** A partition whose events come through repairs while its host waits at its former checkpoint. Ages are in seconds. */
export interface CatchUp {
  readonly topic: string;
  readonly partition: number;
  /** The first number that was not processed. */
  readonly next: number;
  /** The last number whose repair was asked for. */
  readonly askedTo: number;
  /** How long `next` has been the same although it was asked for. */
  readonly askedAgo: number;
  /** Since it was last looked at. */
  readonly seenAgo: number;
}

export async function readCatchUps(client: pg.ClientBase): Promise<CatchUp[]> {
  const { rows } = await client.query<CatchUp>(
    `SELECT topic, partition, next_number::float8 AS next, asked_to::float8 AS "askedTo",
       extract(epoch FROM now() - since)::float8 AS "askedAgo", extract(epoch FROM now() - seen_at)::float8 AS "seenAgo"
     FROM sync.catch_ups`,
  );
  return rows;
}

/** Writes all of them anew; what is not among them is read by its host. */
export async function writeCatchUps(client: pg.ClientBase, catchUps: readonly CatchUp[]): Promise<void> {
  await client.query('DELETE FROM sync.catch_ups');
  await client.query(
    `INSERT INTO sync.catch_ups (topic, partition, next_number, since, seen_at, asked_to)
     SELECT topic, partition, next, now() - make_interval(secs => "askedAgo"), now(), "askedTo"
     FROM jsonb_to_recordset($1) AS r(topic text, partition integer, next bigint, "askedTo" bigint, "askedAgo" float8)`,
    [JSON.stringify(catchUps)],
  );
}
