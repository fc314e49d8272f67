import type pg from 'pg';

/** What was processed of a partition. */
export interface PartitionLedger {
  readonly topic: string;
  readonly partition: number;
  /** The open epoch. */
  readonly epoch: number;
  /** Lowest and highest sequence number of the open epoch; `null` before the first. */
  readonly firstSeen: number | null;
  readonly lastSeen: number | null;
  /** Enqueue time of the latest event that was processed of it, in milliseconds since 1970; -Infinity before the first. */
  readonly lastEnqueuedAt: number;
  /** Numbers between them, of all epochs, that were neither processed nor lost, and the first and last of these. */
  readonly gapEvents: number;
  readonly gapFirst: number | null;
  readonly gapLast: number | null;
}

export async function readLedger(database: pg.Pool): Promise<PartitionLedger[]> {
  const { rows } = await database.query<PartitionLedger>(
    `SELECT p.topic, p.partition, p.epoch, lower(p.seen)::float8 AS "firstSeen", (upper(p.seen) - 1)::float8 AS "lastSeen",
       extract(epoch FROM p.last_enqueued_at)::float8 * 1000 AS "lastEnqueuedAt",
       coalesce(g.events, 0)::float8 AS "gapEvents", g.first::float8 AS "gapFirst", g.last::float8 AS "gapLast"
     FROM sync.partitions p
     LEFT JOIN (
       SELECT topic, partition, sum(last_number - first_number + 1) AS events, min(first_number) AS first,
         max(last_number) AS last
       FROM sync.sequence_gaps GROUP BY topic, partition
     ) g USING (topic, partition)
     ORDER BY p.topic, p.partition`,
  );
  return rows;
}
