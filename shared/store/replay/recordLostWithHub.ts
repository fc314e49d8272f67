import type pg from 'pg';
import type { NumberRange } from './missingNumbers.ts';

/**
 * Records the gaps of epochs that are closed: their hub was deleted, and what was not read of it is lost. Returns how
 * many numbers.
 */
export async function recordLostWithHub(
  database: pg.Pool,
  topic: string,
  partition: number,
  { from, to }: NumberRange,
): Promise<number> {
  const { rows } = await database.query<{ lost: number }>(
    `WITH gone AS (
       SELECT g.topic, g.partition, g.epoch,
         range_agg(int8range(g.first_number, g.last_number, '[]') * int8range($3, $4, '[]')) AS numbers
       FROM sync.sequence_gaps g JOIN sync.closed_epochs USING (topic, partition, epoch)
       WHERE g.topic = $1 AND g.partition = $2 AND g.first_number <= $4 AND g.last_number >= $3
       GROUP BY g.topic, g.partition, g.epoch
     ), recorded AS (
       INSERT INTO sync.lost_events AS l (topic, partition, epoch, numbers)
       SELECT topic, partition, epoch, numbers FROM gone
       ON CONFLICT (topic, partition, epoch) DO UPDATE
         SET numbers = l.numbers + excluded.numbers, recorded_at = now()
       RETURNING new.numbers - coalesce(old.numbers, '{}') AS added
     )
     SELECT coalesce(sum(upper(a) - lower(a)), 0)::float8 AS lost FROM recorded, unnest(added) a`,
    [topic, partition, from, to],
  );
  return rows[0]!.lost;
}
