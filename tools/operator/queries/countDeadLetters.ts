import type pg from 'pg';
import { type Fault, faultOf } from '../../../shared/contracts/found.ts';

/** Open dead letters of a topic and reason whose fault is the same one. */
export interface CountedDeadLetters extends Omit<Fault, 'section'> {
  readonly topic: string;
  readonly error: string;
  readonly open: number;
  /** Of these, those that a replay leaves alone unless it is forced. */
  readonly exhausted: number;
  readonly oldest: Date;
  readonly latest: Date;
  /** Every detail of the group: by these its dead letters are found. */
  readonly details: readonly string[];
  /** How many were parked in each part of the time since the oldest of all, in order. */
  readonly overTime: readonly number[];
}

/** Parts into which the time since the oldest open dead letter is cut, for counts over time. */
export const TIME_PARTS = 24;

/** The time is not cut finer than this, in seconds. */
const LEAST_PART = 60;

/** Open dead letters by topic, reason, field and what arrived, the most frequent of a reason first. */
export async function countDeadLetters(
  database: pg.Pool,
  maxAttempts: number,
): Promise<CountedDeadLetters[]> {
  const { rows } = await database.query<{
    topic: string;
    error: string;
    detail: string;
    part: number;
    open: number;
    exhausted: number;
    oldest: Date;
    latest: Date;
  }>(
    `WITH span AS (
       SELECT coalesce((SELECT ingested_at FROM bo.consumer_dlq_events WHERE resolved_at IS NULL ORDER BY dlq_id LIMIT 1), now())
         AS since
     ), cut AS (
       SELECT extract(epoch FROM since) AS since,
         greatest(extract(epoch FROM now() - since) / $2, $3) AS seconds FROM span
     )
     SELECT d.topic, d.error, d.error_detail AS detail,
       least(greatest(floor((extract(epoch FROM d.ingested_at) - cut.since) / cut.seconds), 0), $2 - 1)::integer AS part,
       count(*)::float8 AS open, count(*) FILTER (WHERE d.replay_count >= $1)::float8 AS exhausted,
       min(d.ingested_at) AS oldest, max(d.ingested_at) AS latest
     FROM bo.consumer_dlq_events d CROSS JOIN cut WHERE d.resolved_at IS NULL
     GROUP BY d.topic, d.error, d.error_detail, part`,
    [maxAttempts, TIME_PARTS, LEAST_PART],
  );
  const groups = Map.groupBy(rows, ({ topic, error, detail }) => {
    const { field, form } = faultOf(detail);
    return JSON.stringify([topic, error, field, form]);
  });
  const counted = [...groups.values()].map((group): CountedDeadLetters => {
    const { topic, error, detail } = group[0]!;
    const { field, form } = faultOf(detail);
    const overTime = Array.from({ length: TIME_PARTS }, () => 0);
    for (const { part, open } of group) overTime[part]! += open;
    return {
      topic,
      error,
      field,
      form,
      open: group.reduce((sum, { open }) => sum + open, 0),
      exhausted: group.reduce((sum, { exhausted }) => sum + exhausted, 0),
      oldest: new Date(Math.min(...group.map(({ oldest }) => oldest.getTime()))),
      latest: new Date(Math.max(...group.map(({ latest }) => latest.getTime()))),
      details: [...new Set(group.map((row) => row.detail))],
      overTime,
    };
  });
  const place = ({ topic, error }: CountedDeadLetters) => `${topic} ${error}`;
  return counted.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : b.open - a.open));
}
