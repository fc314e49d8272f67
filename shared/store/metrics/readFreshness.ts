import type pg from 'pg';

/** Seconds since the latest business event of a topic, and since the latest that was published; `null` where unknown. */
export interface Freshness {
  readonly topic: string;
  readonly event: number | null;
  readonly publish: number | null;
}

export async function readFreshness(client: pg.ClientBase): Promise<Freshness[]> {
  const { rows } = await client.query<Freshness>(
    `SELECT topic, extract(epoch FROM clock_timestamp() - max(event_watermark))::float8 AS event,
       extract(epoch FROM clock_timestamp() - max(publish_watermark))::float8 AS publish
     FROM sync.partitions GROUP BY topic ORDER BY topic`,
  );
  return rows;
}
