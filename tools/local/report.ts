import type pg from 'pg';
import { type LogicalTopic, RECORD_TOPICS } from '../../shared/contracts/fields.ts';
import { type BrokerWatch, readHub } from '../proof/brokerLog.ts';
import { compareWithModel } from '../proof/compare.ts';
import { model } from '../proof/model.ts';
import {
  freshnessPercentiles,
  OUTCOMES,
  type Outcomes,
  type Progress,
  readProgress,
  sum,
  unseenEvents,
} from '../proof/progress.ts';
import type { ControlTotalsReport } from './controlTotals.ts';
import { settlementReport } from './settlementReport.ts';

/** What `npm start -- --exit` found; written to `.local/report.json`. Counts are of this run unless they say total. */
export interface Report {
  readonly ok: boolean;
  /** Each promise that was not kept, in a sentence. */
  readonly failures: readonly string[];
  readonly seed: number;
  readonly hosts: number;
  readonly host_restarts: number;
  readonly published: number;
  readonly consumed: number;
  readonly outcomes: Readonly<Record<string, Outcomes>>;
  readonly dead_letters: Readonly<Record<string, number>>;
  readonly redelivered: number;
  readonly gaps: number;
  readonly model_mismatches: number;
  readonly mismatch_examples: readonly string[];
  readonly pairs: Readonly<Record<string, number>>;
  readonly settlements: number;
  /** Payments that do not add up, by what is wrong. */
  readonly violations: Readonly<Record<string, number>>;
  /** Windows of the run; `null` where their topic is off. */
  readonly control_totals: ControlTotalsReport | null;
  readonly freshness_ms: {
    readonly p50: number | null;
    readonly p95: number | null;
    readonly p99: number | null;
  };
  readonly events_per_second: number;
  /** Of all runs on this state. */
  readonly total: { readonly in_hubs: number; readonly consumed: number; readonly dead_letters: number };
}

export interface Run {
  readonly seed: number;
  readonly hosts: number;
  readonly hostRestarts: number;
  readonly published: number;
  /** Malformed events of this run, by reason. */
  readonly faults: Readonly<Record<string, number>>;
  readonly before: Progress;
  /** Events that earlier runs had left in the hubs. */
  readonly backlog: number;
  readonly startedAt: Date;
  readonly consumedAt: Date;
  readonly controlTotals: ControlTotalsReport | null;
}

/**
 * Holds the database against the broker's log: every event in exactly one outcome, no number missing, every row of
 * every table as the model has it, and no dead letter but the malformed events.
 */
export async function makeReport(
  client: pg.Client,
  connectionString: string,
  topics: Readonly<Record<LogicalTopic, string>>,
  watch: BrokerWatch,
  run: Run,
): Promise<Report> {
  const ranges = await watch.ranges();
  const logs = await Promise.all(
    RECORD_TOPICS.filter((topic) => topics[topic] !== '').map((topic) =>
      readHub(connectionString, topic, topics[topic], ranges),
    ),
  );
  const expected = model(logs.flat());
  const ofPayments = (progress: Progress) => withoutTopic(progress, topics.control);
  const after = ofPayments(await readProgress(client));
  const before = ofPayments(run.before);
  const gaps = await unseenEvents(client, ranges);
  const mismatches = await compareWithModel(client, expected, topics);
  const settlement = await settlementReport(client, expected);
  const inHubs = logs.flat().length;
  const deadLetters = difference(after.deadLetters, before.deadLetters);
  const consumed = after.consumed - before.consumed;

  const failures: string[] = [];
  const expectEqual = (what: string, found: number, wanted: number) => {
    if (found !== wanted) failures.push(`${what}: ${found}, not ${wanted}`);
  };
  expectEqual('sequence numbers that were never processed', gaps, 0);
  expectEqual('differences between tables and model', mismatches.count, 0);
  expectEqual('violations that are listed wrongly', settlement.differences.length, 0);
  const totals = run.controlTotals;
  if (totals !== null) expectEqual('control totals that match', totals.matched, totals.windows);
  expectEqual('events consumed in all, by outcome', after.consumed, inHubs);
  expectEqual('dead letters in all', sum(after.deadLetters), expected.deadLetters.size);
  expectEqual('events consumed in this run', consumed, run.published + run.backlog);
  if (run.backlog === 0) {
    for (const reason of new Set([...Object.keys(run.faults), ...Object.keys(deadLetters)])) {
      expectEqual(`dead letters with ${reason}`, deadLetters[reason] ?? 0, run.faults[reason] ?? 0);
    }
  }
  return {
    ok: failures.length === 0,
    failures,
    seed: run.seed,
    hosts: run.hosts,
    host_restarts: run.hostRestarts,
    published: run.published,
    consumed,
    outcomes: Object.fromEntries(
      Object.entries(after.outcomes).map(([topic, counts]) => [
        topic,
        { ...zeroOutcomes(), ...difference(counts, before.outcomes[topic] ?? {}) } as Outcomes,
      ]),
    ),
    dead_letters: deadLetters,
    redelivered: after.redelivered - before.redelivered,
    gaps,
    model_mismatches: mismatches.count,
    mismatch_examples: [...mismatches.examples, ...settlement.differences.slice(0, 5)],
    pairs: after.pairs,
    settlements: expected.tables.payment_settlements.size,
    violations: settlement.violations,
    control_totals: totals,
    freshness_ms: await freshnessPercentiles(client, run.startedAt),
    events_per_second: Math.round(
      (consumed / Math.max(run.consumedAt.getTime() - run.startedAt.getTime(), 1)) * 1000,
    ),
    total: { in_hubs: inHubs, consumed: after.consumed, dead_letters: sum(after.deadLetters) },
  };
}

/** What was processed of the other topics. */
function withoutTopic(progress: Progress, topic: string): Progress {
  const { [topic]: left, ...outcomes } = progress.outcomes;
  return { ...progress, outcomes, consumed: progress.consumed - sum(left ?? {}) };
}

function zeroOutcomes(): Outcomes {
  return Object.fromEntries(OUTCOMES.map((name) => [name, 0])) as Outcomes;
}

/** What was added; names to which nothing was added are left out. */
function difference(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count !== 0),
  );
}

/** The report for people. */
export function reportLines(report: Report): string[] {
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  const { p50, p95, p99 } = report.freshness_ms;
  return [
    `published         ${report.published} (seed ${report.seed})`,
    `consumed          ${report.consumed} by ${report.hosts} host(s), ${report.host_restarts} restart(s), ${report.redelivered} redelivered`,
    ...Object.entries(report.outcomes).map(([topic, outcomes]) => `  ${topic}: ${counts(outcomes)}`),
    `dead letters      ${counts(report.dead_letters)}`,
    `pairs             ${counts(report.pairs)}`,
    `settlements       ${report.settlements}; do not add up: ${counts(report.violations)}`,
    ...controlTotalsLines(report.control_totals),
    `enqueue to row    p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`,
    `throughput        ${report.events_per_second} events/s, publishing included`,
    `gaps              ${report.gaps}`,
    `model mismatches  ${report.model_mismatches} (${report.total.in_hubs} events in the hubs, every row and column compared)`,
    ...report.mismatch_examples.map((example) => `  ${example}`),
    ...(report.ok
      ? ['Every table is exactly what the events say.']
      : report.failures.map((failure) => `FAILED: ${failure}`)),
  ];
}

function controlTotalsLines(totals: ControlTotalsReport | null): string[] {
  if (totals === null) return [];
  const { windows, matched, others } = totals;
  return [`control totals: ${windows} windows, ${matched} matched`, ...others.map((other) => `  ${other}`)];
}
