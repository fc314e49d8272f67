import type pg from 'pg';

/** Sequence numbers `from` to `to`, both included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** The numbers of a range that the partition's open epoch has neither processed nor lost, in order. */
export async function missingNumbers(
  database: pg.Pool,
  topic: string,
  partition: number,
  { from, to }: NumberRange,
): Promise<NumberRange[]> {
  const { rows } = await database.query<{ from: number; to: number }>(
    `SELECT lower(missing)::float8 AS "from", (upper(missing) - 1)::float8 AS "to"
     FROM (SELECT int8multirange(int8range($3, $4, '[]')) AS wanted) w
     LEFT JOIN sync.partitions p ON p.topic = $1 AND p.partition = $2
     LEFT JOIN sync.lost_events l ON l.topic = p.topic AND l.partition = p.partition AND l.epoch = p.epoch
     CROSS JOIN LATERAL unnest(wanted - coalesce(p.seen, '{}') - coalesce(l.numbers, '{}')) missing
     ORDER BY missing`,
    [topic, partition, from, to],
  );
  return rows;
}
