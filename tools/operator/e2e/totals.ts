import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Table } from '../../proof/compare.ts';
import type { Row } from '../../proof/model.ts';
import { inEnvelope } from '../../proof/synthetic/envelope.ts';
import { totalOf } from '../../proof/synthetic/sourceTotals.ts';
import { unmatchedWindows } from '../../proof/unmatchedWindows.ts';
import type { E2eContext } from './context.ts';

/** Every scenario has a window. */
const WINDOW_MS = 600_000;
const HOUR_MS = 3_600_000;
/** Of the years 2000 to 2004: no source has rows of that time, so that no total of real payments is touched. */
const EARLIEST = Date.UTC(2000, 0, 2);
const HOURS = 43_800;
const POLL_MS = 500;
const MAX_EXAMPLES = 3;
const TABLES = { ledger: 'ledger_entries', payment_order: 'payment_orders' } as const;

/** A window of control totals of the run. */
export interface RunWindow {
  readonly topic: keyof typeof TABLES;
  readonly start: number;
  readonly end: number;
}

/** When what a scenario makes was created; the hour is found again by the id of the run (70_remove_synthetic.sql). */
export function startOfScenario(run: string, scenario: number): number {
  return EARLIEST + (Number(hexOf(run, 8)) % HOURS) * HOUR_MS + scenario * WINDOW_MS;
}

/** The rows of the run that the source has, by window: published as its totals. */
export async function publishTotals(
  { publisher, settings, run }: E2eContext,
  scenarios: number,
  expected: ReadonlyMap<Table, ReadonlyMap<string, Row>>,
): Promise<RunWindow[]> {
  const windows = (Object.keys(TABLES) as RunWindow['topic'][]).flatMap((topic) =>
    Array.from({ length: scenarios }, (_, scenario) => {
      const start = startOfScenario(run, scenario);
      return { topic, start, end: start + WINDOW_MS };
    }),
  );
  for (const window of windows) {
    const rows = [...expected.get(TABLES[window.topic])!.values()].filter((row) => {
      const createdAt = Number(BigInt(row['created_at']!) / 1000n);
      return createdAt >= window.start && createdAt < window.end;
    });
    const total = totalOf(window, rows, { at: Date.now(), version: Number(hexOf(run, 12)) });
    await publisher.publish(inEnvelope(total, settings.profile));
  }
  await publisher.flush();
  return windows;
}

/** Waits until the timer of the app has compared the windows; what is not as it should be then, in a sentence. */
export async function unmatchedTotals(context: E2eContext, windows: readonly RunWindow[]): Promise<string[]> {
  const { settings, database, timeoutMs, stopped, say } = context;
  say('Waiting until the control totals are compared: CONTROL_GRACE_SECONDS, and a run of the timer ...');
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const unmatched = await unmatchedWindows(database, settings.topics, windows);
    if (unmatched.length === 0) return [];
    if (Date.now() > deadline || stopped.aborted) {
      const examples = unmatched.slice(0, MAX_EXAMPLES).join(' | ');
      return [
        `${unmatched.length} of ${windows.length} windows of control totals do not match after ${timeoutMs / 1000} s: ${examples} ` +
          '(not known, or open: does the app have CONTROL_TOPIC, and does its timer run?)',
      ];
    }
    await delay(POLL_MS);
  }
}

function hexOf(run: string, digits: number): bigint {
  return BigInt(`0x${createHash('md5').update(run).digest('hex').slice(0, digits)}`);
}
