import type pg from 'pg';
import type { Gap } from './readGaps.ts';

/** Sequence numbers that the broker no longer had when they were asked for again. */
export async function readLost(database: pg.Pool): Promise<(Gap & { readonly recorded_at: string })[]> {
  const { rows } = await database.query<Gap & { recorded_at: Date }>(
    `SELECT topic, partition, epoch, lower(lost)::float8 AS "from", (upper(lost) - 1)::float8 AS "to",
       (upper(lost) - lower(lost))::float8 AS events, recorded_at
     FROM sync.lost_events l
     LEFT JOIN (SELECT topic, partition, epoch, seen FROM sync.partitions
       UNION ALL SELECT topic, partition, epoch, seen FROM sync.closed_epochs) p USING (topic, partition, epoch)
     -- One that came after all is not lost.
     CROSS JOIN LATERAL unnest(numbers - coalesce(seen, '{}')) lost ORDER BY topic, partition, epoch, lost`,
  );
  return rows.map((row) => ({ ...row, recorded_at: row.recorded_at.toISOString() }));
}
