import { setTimeout as delay } from 'node:timers/promises';
import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import { packagesSeen } from '../../../shared/store/metrics/packages.ts';
import { recordAction } from '../../../shared/store/recordAction.ts';
import type { SyntheticEvent } from '../../proof/synthetic/payments.ts';
import { deadLettersOfRun } from '../queries/deadLettersOfRun.ts';
import { removeSynthetic } from '../queries/removeSynthetic.ts';
import { type Delays, visibleAfter } from '../queries/visibleAfter.ts';
import {
  expectedRows,
  notProcessed,
  splitPairs,
  untilProcessed,
  wrongDeadLetters,
  wrongRows,
} from './checks.ts';
import { type E2eContext, paymentOf, type TestedEnvironment } from './context.ts';
import { GATE_SCENARIOS, heldByAll, lagOf, publish, readBack, untilCaughtUp } from './hubs.ts';
import { publishTotals, unmatchedTotals } from './totals.ts';

export interface E2eResult {
  readonly ok: boolean;
  /** Each promise that was not kept, in a sentence. */
  readonly failures: readonly string[];
  readonly run_id: string;
  readonly environment: TestedEnvironment;
  readonly seed: number;
  readonly limits: { readonly max_visible_ms: number; readonly max_lag: number };
  readonly started_at: string;
  readonly finished_at: string;
  readonly published: number;
  readonly processed: number;
  readonly rows_compared: number;
  readonly dead_letters: number;
  /** Payments whose two entries came from different partitions. */
  readonly split_pairs: number;
  /** Events behind the end of the hubs when all of the run was processed. */
  readonly lag: number;
  readonly visible_after_ms: Delays;
  /** Windows of control totals that match; left out where their topic is off. */
  readonly windows_matched?: number;
  readonly removed: number;
  /** Which packages of the app ran meanwhile: SHA-256 of their content; none where no process has said. */
  readonly packages: readonly string[];
}

const SAID_EVERY_MS = 20_000;
/** After its batch was stored. */
const SAID_WITHIN_MS = 10_000;

/**
 * Publishes synthetic payments under an id of their own, waits until they are processed, holds tables and dead letters
 * against the model, looks at lag and freshness, and takes away what it made. Real traffic beside it is not touched and
 * not looked at.
 *
 * @throws where hubs or database cannot be reached; what was made is taken away first, as far as it can be.
 */
export async function runE2e(context: E2eContext): Promise<E2eResult> {
  const { run, seed, database, say } = context;
  const startedAt = new Date();
  const failures: string[] = [];
  const before = await heldByAll(context);
  const published = await publish(context);
  if (context.stopped.aborted) failures.push(`it was stopped after ${published.size} events`);
  say(`${published.size} events are published; waiting until they are processed ...`);
  const made = keysOf(published);
  try {
    const logged = await readBack(context, before, published);
    if (logged.length !== published.size) {
      failures.push(`the hubs hold ${logged.length} of the ${published.size} events that they accepted`);
    }
    const rows = await expectedRows(context, logged);
    const controlled = context.settings.topics.control !== '' && !context.stopped.aborted;
    const windows = controlled ? await publishTotals(context, GATE_SCENARIOS.length, rows) : [];
    const missing = await untilProcessed(context, logged);
    if (missing.length > 0) failures.push(notProcessed(missing, logged.length, context));
    const letters = await deadLettersOfRun(database, run, new Date(startedAt.getTime() - 60_000));
    // What was not processed is missing everywhere, which says nothing more.
    if (missing.length === 0) {
      failures.push(...(await wrongRows(database, rows)), ...wrongDeadLetters(context, logged, letters));
    }
    const visible = await visibleAfter(database, made.ledgerKeys, made.orderKeys);
    if (visible.p95 !== null && visible.p95 > context.maxVisibleMs) {
      failures.push(
        `a row is visible ${Math.round(visible.p95)} ms after its event was enqueued (p95), not within ${context.maxVisibleMs} ms`,
      );
    }
    const lag = missing.length > 0 ? await lagOf(context) : await untilCaughtUp(context);
    if (lag > context.maxLag) failures.push(`the lag is ${lag} events, not ${context.maxLag} at most`);
    const split = splitPairs(logged);
    if (split === 0 && before.filter(({ topic }) => topic === 'ledger').length > 1) {
      failures.push('no payment had its two entries on different partitions: publish more events');
    }
    // Where rows are wrong, so are the windows that they are in.
    const compared = windows.length > 0 && failures.length === 0;
    if (compared) failures.push(...(await unmatchedTotals(context, windows)));
    const packages = await packagesOfApp(context, startedAt);
    const removed = context.keep ? 0 : await removeRun(context);
    return {
      ok: failures.length === 0,
      failures,
      run_id: run,
      environment: context.environment,
      seed,
      limits: { max_visible_ms: context.maxVisibleMs, max_lag: context.maxLag },
      started_at: startedAt.toISOString(),
      finished_at: new Date().toISOString(),
      published: published.size,
      processed: logged.length - missing.length,
      rows_compared: storedRows(rows),
      dead_letters: letters.length,
      split_pairs: split,
      lag,
      visible_after_ms: visible,
      ...(compared && failures.length === 0 && { windows_matched: windows.length }),
      removed,
      packages,
    };
  } catch (error) {
    if (!context.keep) await removeRun(context).catch(() => {});
    throw error;
  }
}

/** Without settlements, which are computed from the others. */
function storedRows(rows: Awaited<ReturnType<typeof expectedRows>>): number {
  return [...rows].reduce(
    (sum, [table, { size }]) => (table === 'payment_settlements' ? sum : sum + size),
    0,
  );
}

/** The keys of what the run makes. */
function keysOf(published: ReadonlyMap<string, SyntheticEvent>) {
  const keys = (topics: readonly RecordTopic[]) => [
    ...new Set([...published.values()].filter(({ topic }) => topics.includes(topic)).map(({ key }) => key!)),
  ];
  const ledgerKeys = keys(['ledger']);
  // A payment that was cut in its middle has a pair, and no order.
  const orderKeys = [
    ...keys(['payment_order', 'pair']),
    ...ledgerKeys.map((key) => `order-${paymentOf(key)}`),
  ];
  return { ledgerKeys, orderKeys: [...new Set(orderKeys)] };
}

/** A process says it with its batches, every 20 s, and with its timer. */
async function packagesOfApp({ database, stopped }: E2eContext, startedAt: Date): Promise<string[]> {
  const deadline = Date.now() + SAID_WITHIN_MS;
  for (;;) {
    const packages = await packagesSeen(database, new Date(startedAt.getTime() - SAID_EVERY_MS));
    if (packages.length > 0 || Date.now() > deadline || stopped.aborted) return packages;
    await delay(500);
  }
}

/** Takes away what a run has made, whenever that was; what comes of it later, the timer takes away for a day. */
export async function removeRun({
  database,
  say,
  run,
  actor,
}: Pick<E2eContext, 'database' | 'say' | 'run' | 'actor'>): Promise<number> {
  const removed = await removeSynthetic(database, run, GATE_SCENARIOS);
  await recordAction(database, { actor, action: 'e2e', details: { run }, result: { removed } });
  say(`${removed} rows of the run are removed.`);
  return removed;
}
