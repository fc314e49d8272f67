import type pg from 'pg';

/** How far a partition is processed, by the broker's clock. */
export interface Processed {
  readonly topic: string;
  readonly partition: number;
  /** Enqueue time of its latest event, in milliseconds since 1970. */
  readonly lastEnqueuedAt: number;
}

export async function readProcessed(database: pg.Pool): Promise<Processed[]> {
  const { rows } = await database.query<Processed>(
    `SELECT topic, partition, extract(epoch FROM last_enqueued_at)::float8 * 1000 AS "lastEnqueuedAt" FROM sync.partitions`,
  );
  return rows;
}
