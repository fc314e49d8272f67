import type pg from 'pg';

/** Where an event lies, and when the broker took it (microseconds). */
interface Position {
  readonly partition: number;
  readonly sequenceNumber: number;
  readonly enqueuedAt: number;
}

/** Those of a partition's events that are open dead letters already. */
export async function parkedEvents<E extends Position>(
  database: pg.Pool,
  topic: string,
  events: readonly E[],
): Promise<E[]> {
  const { rows } = await database.query<{ index: number }>(
    `SELECT e.index::float8 AS index
     FROM unnest($2::integer[], $3::bigint[], $4::bigint[]) WITH ORDINALITY e(partition, number, enqueued_us, index)
     JOIN bo.consumer_dlq_events d ON d.topic = $1 AND d.partition = e.partition AND d.sequence_number = e.number
       AND d.enqueued_at = 'epoch'::timestamptz + e.enqueued_us * interval '1 microsecond' AND d.resolved_at IS NULL`,
    [
      topic,
      events.map(({ partition }) => partition),
      events.map(({ sequenceNumber }) => sequenceNumber),
      events.map(({ enqueuedAt }) => enqueuedAt),
    ],
  );
  return rows.map(({ index }) => events[index - 1]!);
}
