import type pg from 'pg';

/** A dead letter as the live view lists it: what is in it stays in the database. */
export interface RecentDeadLetter {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly error: string;
  readonly detail: string;
  readonly attempts: number;
  readonly parkedAt: string;
}

const LISTED = 20;

/** Open dead letters, the newest first. */
export async function recentDeadLetters(database: pg.Pool): Promise<RecentDeadLetter[]> {
  const { rows } = await database.query(
    `SELECT d.dlq_id AS id, d.topic, d.partition, d.error, d.error_detail AS detail, d.replay_count AS attempts,
       d.ingested_at AS "parkedAt"
     FROM bo.consumer_dlq_events d WHERE d.resolved_at IS NULL ORDER BY d.dlq_id DESC LIMIT ${LISTED}`,
  );
  return rows;
}
