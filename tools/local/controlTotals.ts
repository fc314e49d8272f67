import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import type { SourceWindow } from '../proof/synthetic/sourceTotals.ts';
import { unmatchedWindows } from '../proof/unmatchedWindows.ts';

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
    const others = await unmatchedWindows(client, topics, windows);
    if (others.length === 0 || Date.now() > until) {
      const matched = windows.length - others.length;
      return { windows: windows.length, matched, others: others.slice(0, MAX_EXAMPLES) };
    }
    await delay(250);
  }
}
