import type pg from 'pg';

/**
 * The last number up to which, from this one on, every number of the open epoch was processed or is known as lost;
 * `undefined` where this one is neither.
 */
export async function processedUpTo(
  database: pg.Pool,
  topic: string,
  partition: number,
  from: number,
): Promise<number | undefined> {
  const { rows } = await database.query<{ last: number }>(
    `SELECT (upper(r) - 1)::float8 AS last
     FROM sync.partitions p
     LEFT JOIN sync.lost_events l USING (topic, partition, epoch)
     CROSS JOIN LATERAL unnest(p.seen + coalesce(l.numbers, '{}')) r
     WHERE p.topic = $1 AND p.partition = $2 AND r @> $3::bigint`,
    [topic, partition, from],
  );
  return rows[0]?.last;
}
