import type pg from 'pg';

/** A batch that the function was called for and that is not stored yet. */
export interface Attempt {
  readonly topic: string;
  readonly partition: number;
  readonly kind: string;
}

/** Leaves the mark that the function is called for this partition. */
export async function recordAttempt(database: pg.Pool, { topic, partition, kind }: Attempt): Promise<void> {
  await database.query(
    `INSERT INTO sync.partition_attempts (topic, partition, kind) VALUES ($1, $2, $3)
     ON CONFLICT (topic, partition) DO UPDATE SET kind = excluded.kind, at = now()`,
    [topic, partition, kind],
  );
}
