import type pg from 'pg';

export interface Gap {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly events: number;
}

/** Sequence numbers that the broker delivered past us, and that are not known as lost. */
export async function readGaps(database: pg.Pool): Promise<Gap[]> {
  const { rows } = await database.query<Gap>(
    `SELECT topic, partition, epoch, first_number::float8 AS "from", last_number::float8 AS "to",
       (last_number - first_number + 1)::float8 AS events
     FROM sync.sequence_gaps ORDER BY topic, partition, epoch, first_number`,
  );
  return rows;
}
