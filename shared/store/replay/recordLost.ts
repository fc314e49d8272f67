import type pg from 'pg';
import type { NumberRange } from './missingNumbers.ts';

/**
 * Records numbers of a partition's open epoch that the broker no longer has; those that were processed meanwhile are
 * left out. Returns how many are lost that were not known as such.
 */
export async function recordLost(
  database: pg.Pool,
  topic: string,
  partition: number,
  ranges: readonly NumberRange[],
): Promise<number> {
  const { rows } = await database.query<{ lost: number }>(
    `WITH gone AS (
       SELECT p.topic, p.partition, p.epoch, range_agg(int8range(n.first, n.last, '[]')) - p.seen AS numbers
       FROM sync.partitions p CROSS JOIN unnest($3::bigint[], $4::bigint[]) n(first, last)
       WHERE p.topic = $1 AND p.partition = $2
       GROUP BY p.topic, p.partition, p.epoch, p.seen
     ), recorded AS (
       INSERT INTO sync.lost_events AS l (topic, partition, epoch, numbers)
       SELECT topic, partition, epoch, numbers FROM gone WHERE NOT isempty(numbers)
       ON CONFLICT (topic, partition, epoch) DO UPDATE
         SET numbers = l.numbers + excluded.numbers, recorded_at = now()
       RETURNING new.numbers - coalesce(old.numbers, '{}') AS added
     )
     SELECT coalesce(sum(upper(a) - lower(a)), 0)::float8 AS lost FROM recorded, unnest(added) a`,
    [topic, partition, ranges.map(({ from }) => from), ranges.map(({ to }) => to)],
  );
  return rows[0]!.lost;
}
