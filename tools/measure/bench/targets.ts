import type { Results } from './core.ts';
import { median } from './database.ts';
import { hotGroupRatios } from './hotGroup.ts';

/** A figure, what it has to reach, and what would be good. */
export interface Target {
  readonly name: string;
  readonly value: number;
  readonly unit: '' | 'x' | 'ms' | 'bytes';
  /** Reached from here on; upwards, or downwards where `lower` is set. */
  readonly atLeast: number;
  readonly aim: number;
  readonly lower?: true;
}

export function reached(target: Target): boolean {
  return target.lower ? target.value <= target.atLeast : target.value >= target.atLeast;
}

/**
 * Ratios of measurements of one run; those that were not measured are left out. A ratio is that of one round, the median
 * over the rounds: neighbours in time meet the same machine, which is another one a minute later.
 */
export function targetsOf(results: Results, parts: Readonly<Record<string, number>>): Target[] {
  const ratio = (name: string, against: string) =>
    perRound(results, [name, against], ([rate, other]) => rate! / other!);
  const grown = Object.keys(results).find((name) => /^ingest at [1-9]\d* rows, ordered/.test(name));
  const rows = grown?.split(' ')[2] ?? '';
  const trigger = parts['trigger_events_per_second'];
  const pipeline = results['ingest, 2 partitions']?.eventsPerSecond;
  const candidates: (Omit<Target, 'value'> & { value: number | undefined })[] = [
    {
      name: 'raw COPY, 1 connection',
      value: ratio('ingest, 2 partitions', 'copy, 1 connection'),
      unit: '',
      atLeast: 0.5,
      aim: 0.65,
    },
    {
      name: 'plain unguarded batched upsert, 2 connections',
      value: ratio('ingest, 2 partitions', 'unnest, 2 connections'),
      unit: '',
      atLeast: 0.8,
      aim: 1,
    },
    {
      name: 'one row at a time, 4 connections, as the samples do it',
      value: ratio('ingest, 2 partitions', 'row, 4 connections'),
      unit: 'x',
      atLeast: 9,
      aim: 13,
    },
    {
      name: 'one row at a time, 4 connections, prepared statement',
      value: ratio('ingest, 2 partitions', 'row, prepared, 4 connections'),
      unit: 'x',
      atLeast: 9,
      aim: 13,
    },
    {
      name: 'own rate, all repeated instead of new',
      value: ratio('ingest, all repeated', 'ingest, 2 partitions'),
      unit: 'x',
      atLeast: 1.3,
      aim: 1.5,
    },
    {
      name: 'WAL per repeated event',
      value: results['ingest, all repeated']?.walBytesPerEvent,
      unit: 'bytes',
      atLeast: 16,
      aim: 16,
      lower: true,
    },
    {
      name: 'one row at a time, batch 100, 1 ms added, as the samples do it',
      value: ratio('delayed ingest, batch 100', 'delayed row, 4 connections'),
      unit: 'x',
      atLeast: 15,
      aim: 25,
    },
    {
      name: 'one row at a time, batch 100, 1 ms added, prepared statement',
      value: ratio('delayed ingest, batch 100', 'delayed row, prepared, 4 connections'),
      unit: 'x',
      atLeast: 15,
      aim: 25,
    },
    {
      name: 'full trigger path against the pipeline alone',
      value: trigger === undefined || pipeline === undefined ? undefined : trigger / pipeline,
      unit: '',
      atLeast: 0.4,
      aim: 0.55,
    },
    {
      name: 'backfill, killed three times, against raw COPY of the same files',
      value: parts['backfill_against_copy'],
      unit: '',
      atLeast: 0.5,
      aim: 0.5,
    },
    {
      name: 'enqueue to visible at 300 events/s, p95',
      value: parts['latency_p95_ms'],
      unit: 'ms',
      atLeast: 250,
      aim: 250,
      lower: true,
    },
    {
      name: 'enqueue to visible at 300 events/s, p99',
      value: parts['latency_p99_ms'],
      unit: 'ms',
      atLeast: 1000,
      aim: 1000,
      lower: true,
    },
    {
      name: "loading of the packaged app's modules",
      value: parts['cold_start_ms'],
      unit: 'ms',
      atLeast: 120,
      aim: 120,
      lower: true,
    },
    {
      name: `cost per event at ${rows} rows, ids ordered by time`,
      value: ratio('ingest at 0 rows, ordered ids', `ingest at ${rows} rows, ordered ids`),
      unit: 'x',
      atLeast: 1.15,
      aim: 1,
      lower: true,
    },
    {
      name: `growth of the cost to ${rows} rows, random ids, against the plain upsert's`,
      value: perRound(
        results,
        ['ingest', 'unnest'].flatMap((who) => [
          `${who} at 0 rows, random ids`,
          `${who} at ${rows} rows, random ids`,
        ]),
        ([own, ownGrown, plain, plainGrown]) => own! / ownGrown! / (plain! / plainGrown!),
      ),
      unit: 'x',
      atLeast: 1,
      aim: 1,
      lower: true,
    },
    ...['entries', 'orders'].map((name) => ({
      name: `${name}, against the write path without settlement`,
      value: ratio(name, `${name} without settlement`),
      unit: '' as const,
      atLeast: 0.98,
      aim: 1,
    })),
    ...(
      [
        ['settlement_read_p99_ms', 'settlement of one payment, p99'],
        ['settlement_large_group_read_ms', 'settlement of a group of 200,000'],
      ] as const
    ).map(([figure, name]) => ({
      name,
      value: parts[figure],
      unit: 'ms' as const,
      atLeast: 5,
      aim: 5,
      lower: true as const,
    })),
    ...hotGroupRatios().map(({ name, rate, against }) => ({
      name,
      value: ratio(against, rate),
      unit: 'x' as const,
      // A large group has steps of its own (docs/adr/0011), a constant number of them.
      atLeast: 1.3,
      aim: 1,
      lower: true as const,
    })),
  ];
  return candidates.filter((candidate): candidate is Target => candidate.value !== undefined);
}

/** The median over the rounds of what `combine` makes of the rates of one round. */
function perRound(
  results: Results,
  names: readonly string[],
  combine: (rates: readonly number[]) => number,
): number | undefined {
  const rounds = names.map((name) => results[name]?.rounds);
  if (rounds.includes(undefined)) return undefined;
  return median(rounds[0]!.map((_, round) => combine(rounds.map((rates) => rates![round]!))));
}

/** The targets as a table. */
export function targetTable(targets: readonly Target[]): string {
  const text = (value: number, unit: Target['unit']) =>
    `${value >= 100 ? Math.round(value) : value.toFixed(2)}${unit === '' || unit === 'x' ? unit : ` ${unit}`}`;
  const lines = targets.map((target) =>
    [
      target.name,
      text(target.value, target.unit),
      `${target.lower ? '<=' : '>='} ${text(target.atLeast, target.unit)}`,
      text(target.aim, target.unit),
      reached(target) ? 'reached' : 'MISSED',
    ].join(' | '),
  );
  return ['against | measured | at least | aim |', '---|---|---|---|---', ...lines]
    .map((line) => `| ${line} |`)
    .join('\n');
}
