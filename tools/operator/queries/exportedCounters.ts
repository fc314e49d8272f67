import type pg from 'pg';

/** What the timer has sent of an hour's counter. */
export interface ExportedCounter {
  readonly hour: Date;
  readonly topic: string;
  readonly name: string;
  /** Profile or reason, where the counter has one; else empty. */
  readonly label: string;
  readonly value: number;
}

/** Counters as the timer last sent them, of the hours that may still change; and when that was. */
export async function exportedCounters(
  database: pg.Pool,
): Promise<{ readonly at: Date | null; readonly counters: readonly ExportedCounter[] }> {
  const { rows } = await database.query<ExportedCounter & { at: Date | null }>(
    `SELECT s.exported_at AS at, c.hour, c.topic, c.name, c.label, c.value::float8
     FROM sync.metrics_state s LEFT JOIN sync.exported_counters c
       ON c.hour >= date_trunc('hour', s.exported_at, 'UTC') - interval '2 hours'`,
  );
  return { at: rows[0]?.at ?? null, counters: rows.filter(({ hour }) => hour !== null) };
}
