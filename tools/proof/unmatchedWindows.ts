import type pg from 'pg';
import type { DumpTopic, LogicalTopic } from '../../shared/contracts/fields.ts';

/** Of these windows of control totals, those that do not match: hub, start, and state. `start` in milliseconds since 1970. */
export async function unmatchedWindows(
  client: pg.Pool | pg.ClientBase,
  topics: Readonly<Record<LogicalTopic, string>>,
  windows: readonly { readonly topic: DumpTopic; readonly start: number }[],
): Promise<string[]> {
  const { rows } = await client.query<{ window: string }>(
    `SELECT format('%s %s is %s', w.topic, w.start, coalesce(c.state, 'not known')) AS window
     FROM unnest($1::text[], $2::timestamptz[]) w(topic, start)
     LEFT JOIN bo.control_totals c ON c.topic = w.topic AND c.window_start = w.start
     WHERE c.state IS DISTINCT FROM 'matched' ORDER BY w.start, w.topic`,
    [windows.map(({ topic }) => topics[topic]), windows.map(({ start }) => new Date(start).toISOString())],
  );
  return rows.map(({ window }) => window);
}
