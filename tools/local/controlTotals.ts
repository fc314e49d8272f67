import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import type { SourceWindow } from '../proof/synthetic/sourceTotals.ts';

/** What became of the control totals of a run. */
export interface ControlTotalsReport {
  readonly windows: number;
  readonly matched: number;
  /** The first of the others: hub, start, and state. */
  readonly others: readonly string[];
}

/** The timer runs every few seconds here, and looks again at what differs after ten. */
const COMPARED_WITHIN_MS = 60_000;
const MAX_EXAMPLES = 5;

/** Waits until the timer of the hosts has compared these windows with the rows. */
export async function untilCompared(
  client: pg.Client,
  topics: Readonly<Record<LogicalTopic, string>>,
  windows: readonly SourceWindow[],
): Promise<ControlTotalsReport> {
  const until = Date.now() + COMPARED_WITHIN_MS;
  for (;;) {
    const others = await unmatched(client, topics, windows);
    if (others.length === 0 || Date.now() > until) {
      const matched = windows.length - others.length;
      return { windows: windows.length, matched, others: others.slice(0, MAX_EXAMPLES) };
    }
    await delay(250);
  }
}

async function unmatched(
  client: pg.Client,
  topics: Readonly<Record<LogicalTopic, string>>,
  windows: readonly SourceWindow[],
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
