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

/** Open dead letters with the same reason and detail. */
export interface ArrivedDeadLetters {
  readonly topic: string;
  readonly detail: string;
  readonly open: number;
}

const COUNTED = 5;

/** What the open dead letters are, the most frequent first. */
export async function arrivedDeadLetters(database: pg.Pool): Promise<ArrivedDeadLetters[]> {
  const { rows } = await database.query(
    `SELECT d.topic, d.error_detail AS detail, count(*)::float8 AS open
     FROM bo.consumer_dlq_events d WHERE d.resolved_at IS NULL
     GROUP BY d.topic, d.error_detail ORDER BY open DESC, d.topic, detail LIMIT ${COUNTED}`,
  );
  return rows;
}

/** Open dead letters, the newest first. */
export async function recentDeadLetters(database: pg.Pool): Promise<RecentDeadLetter[]> {
  const { rows } = await database.query(
    `SELECT d.dlq_id AS id, d.topic, d.partition, d.error, d.error_detail AS detail, d.replay_count AS attempts,
       d.ingested_at AS "parkedAt"
     FROM bo.consumer_dlq_events d WHERE d.resolved_at IS NULL ORDER BY d.dlq_id DESC LIMIT ${LISTED}`,
  );
  return rows;
}
