import type pg from 'pg';
import type { PartitionRange } from './brokerLog.ts';

export const OUTCOMES = ['applied', 'stale', 'duplicate', 'conflict', 'dead_lettered', 'ignored'] as const;
export type Outcomes = Record<(typeof OUTCOMES)[number], number>;

/** What the database says of the sync; counts are totals of its whole life. */
export interface Progress {
  /** Sequence numbers that were processed, each once. */
  readonly consumed: number;
  readonly outcomes: Readonly<Record<string, Outcomes>>;
  readonly redelivered: number;
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly pairs: Readonly<Record<string, number>>;
  /** Seconds since the latest business event, by topic. */
  readonly freshness: Readonly<Record<string, number>>;
}

export async function readProgress(client: pg.Client): Promise<Progress> {
  const counters = await client.query<{ topic: string; redelivered: string } & Record<string, string>>(
    `SELECT topic, sum(redelivered) AS redelivered, ${OUTCOMES.map((name) => `sum(${name}) AS ${name}`).join(', ')}
     FROM sync.hourly_counters GROUP BY topic ORDER BY topic`,
  );
  const deadLetters = await client.query<{ name: string; count: string }>(
    'SELECT error AS name, sum(events) AS count FROM sync.hourly_dead_letters GROUP BY error ORDER BY error',
  );
  const pairs = await client.query<{ name: string; count: string }>(
    `SELECT pairing_status AS name, count(*) AS count FROM bo.payment_ledger_pairs GROUP BY 1 ORDER BY 1`,
  );
  const freshness = await client.query<{ name: string; count: string }>(
    `SELECT topic AS name, extract(epoch FROM clock_timestamp() - max(event_watermark)) AS count
     FROM sync.partitions GROUP BY topic HAVING max(event_watermark) IS NOT NULL ORDER BY topic`,
  );
  const outcomes = Object.fromEntries(
    counters.rows.map((row) => [
      row.topic,
      Object.fromEntries(OUTCOMES.map((name) => [name, Number(row[name])])) as Outcomes,
    ]),
  );
  return {
    consumed: Object.values(outcomes).reduce((total, topic) => total + sum(topic), 0),
    outcomes,
    redelivered: counters.rows.reduce((total, row) => total + Number(row.redelivered), 0),
    deadLetters: named(deadLetters.rows),
    pairs: named(pairs.rows),
    freshness: named(freshness.rows),
  };
}

/**
 * How many of the events that the broker holds the sequence ledger does not have. While the sync runs this is its
 * lag; once it has caught up, every one is a gap.
 */
export async function unseenEvents(client: pg.Client, ranges: readonly PartitionRange[]): Promise<number> {
  const result = await client.query<{ unseen: string }>(
    `SELECT coalesce(sum(upper(gap) - lower(gap)), 0) AS unseen
     FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) held(topic, partition, first, last)
     LEFT JOIN sync.partitions ledger USING (topic, partition)
     CROSS JOIN unnest(
       int8multirange(int8range(held.first, held.last, '[]')) - coalesce(ledger.seen, '{}')) gap`,
    [
      ranges.map((range) => range.topic),
      ranges.map((range) => range.partition),
      ranges.map((range) => range.first),
      ranges.map((range) => range.last),
    ],
  );
  return Number(result.rows[0]!.unseen);
}

/** Percentiles of the time from the broker's enqueue to the row, for rows written since `since`. Milliseconds. */
export async function freshnessPercentiles(
  client: pg.Client,
  since: Date,
): Promise<{ p50: number | null; p95: number | null; p99: number | null }> {
  const result = await client.query<{ p50: number | null; p95: number | null; p99: number | null }>(
    `SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY delay) AS p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY delay) AS p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY delay) AS p99
     FROM (
       SELECT round(extract(epoch FROM ingested_at - source_enqueued_at) * 1000)::int AS delay
       FROM (
         SELECT ingested_at, source_enqueued_at FROM bo.ledger_entries
         UNION ALL SELECT ingested_at, source_enqueued_at FROM bo.payment_orders
       ) written
       WHERE source_enqueued_at >= $1
     ) delays`,
    [since],
  );
  return result.rows[0]!;
}

function named(rows: readonly { name: string; count: string }[]): Record<string, number> {
  return Object.fromEntries(rows.map((row) => [row.name, Number(row.count)]));
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
