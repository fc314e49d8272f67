import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { wholeNumber } from '../../terminal/options.ts';
import { measureBackfill } from './backfill.ts';
import { chart } from './chart.ts';
import { measureColdStart } from './coldStart.ts';
import { controlWriteCases, measureControl } from './control.ts';
import { delayCases, gridCases, growthCases, interleaved, type Results, targetCases } from './core.ts';
import { BenchServer } from './database.ts';
import { hotGroupCases } from './hotGroup.ts';
import { measureLatency } from './latency.ts';
import { measureLargeBodies, measureMemory } from './memory.ts';
import { measurePages } from './pages.ts';
import { measureSettlement, settlementWriteCases } from './settlement.ts';
import { targetsOf, targetTable } from './targets.ts';
import { measureTriggerPath } from './triggerPath.ts';

// `npm run bench`: ratios of contestants that ran in turn on one machine, with one PostgreSQL and its settings.

const PARTS = [
  'core',
  'delay',
  'grid',
  'growth',
  'groups',
  'settlement',
  'control',
  'trigger',
  'latency',
  'start',
  'memory',
  'bodies',
  'pages',
  'backfill',
] as const;
type Part = (typeof PARTS)[number];

interface Options {
  json?: true;
  rounds: number;
  events: number;
  rows: number;
  only?: Part[];
  chart?: string;
}

const options = new Command('npm run bench --')
  .description('Measures the sync against raw COPY, a plain batched upsert and one row at a time.')
  .option('--json', 'write one JSON object to stdout, and progress to stderr')
  .option('--rounds <n>', 'rounds; the median counts', wholeNumber(1), 5)
  .option('--events <n>', 'events of a run', wholeNumber(1), 40_000)
  .option('--rows <n>', 'rows of the large table', wholeNumber(1), 2_000_000)
  .option('--only <parts>', `some of ${PARTS.join(', ')}, with commas`, someParts)
  .option('--chart <file>', 'write the chart of the core part to this file, as SVG')
  .addHelpText(
    'after',
    `
Everything takes about an hour; --only core takes two minutes. Ratios hold on any machine, rates do not.
Exit code 0, also where a target is missed; 1 where a contestant came to a wrong result.`,
  )
  .parse()
  .opts<Options>();

function someParts(text: string): Part[] {
  const parts = text.split(',').map((part) => PARTS.find((known) => known === part.trim()));
  if (parts.includes(undefined)) throw new InvalidArgumentError(`Known are ${PARTS.join(', ')}.`);
  return parts as Part[];
}

/** After the first one, the compiler still works on what that one called. */
const WARM_UP_ROUNDS = 3;

const wanted = (part: Part) => options.only === undefined || options.only.includes(part);
const progress = (line: string) => console.error(line);

const { results, figures, deadlocks } = await databaseParts();
const parts = { ...figures, ...(await processParts()) };
const targets = targetsOf(results, parts);
if (options.chart !== undefined && wanted('core')) {
  await writeFile(
    options.chart,
    await chart(
      results,
      targetCases(options.events).map(({ name }) => name),
    ),
  );
}
if (options.json) {
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, memory: totalmem(), node: process.version };
  console.log(JSON.stringify({ machine, options, results, parts, deadlocks, targets }));
} else {
  const rates = Object.entries(results).map(
    ([name, one]) =>
      `${name.padEnd(38)} ${String(Math.round(one.eventsPerSecond)).padStart(8)} events/s` +
      ` ${one.walBytesPerEvent.toFixed(0).padStart(6)} B WAL ${one.nodeMicrosecondsPerEvent.toFixed(1).padStart(6)} us Node`,
  );
  const others = Object.entries(parts).map(
    ([name, value]) => `${name.padEnd(38)} ${value.toFixed(1).padStart(8)}`,
  );
  console.log([...rates, ...others, `deadlocks ${deadlocks}`, '', targetTable(targets)].join('\n'));
}

async function databaseParts(): Promise<{
  results: Results;
  figures: Record<string, number>;
  deadlocks: number;
}> {
  if (!(['core', 'delay', 'grid', 'growth', 'groups', 'settlement', 'control'] as const).some(wanted))
    return { results: {}, figures: {}, deadlocks: 0 };
  const server = await BenchServer.start();
  const { rounds, events, rows } = options;
  try {
    const all: Results = {};
    // A host runs for days: the compiler's work of the first seconds does not count.
    progress('warming up ...');
    await interleaved(server, targetCases(events), WARM_UP_ROUNDS, () => {});
    if (wanted('core')) Object.assign(all, await interleaved(server, targetCases(events), rounds, progress));
    if (wanted('delay')) Object.assign(all, await delayCases(server, events / 2, rounds, progress));
    if (wanted('grid'))
      Object.assign(all, await interleaved(server, gridCases(events), Math.min(rounds, 3), progress));
    if (wanted('growth')) Object.assign(all, await growthCases(server, rows, events, rounds, progress));
    if (wanted('groups')) Object.assign(all, await hotGroupCases(server, rounds, progress));
    const figures: Record<string, number> = {};
    if (wanted('settlement')) {
      Object.assign(all, await settlementWriteCases(server, events, rounds, progress));
      Object.assign(figures, await measureSettlement(server, rows, progress));
    }
    if (wanted('control')) {
      Object.assign(all, await controlWriteCases(server, events, rounds, progress));
      Object.assign(figures, await measureControl(server, rows, progress));
    }
    return { results: all, figures, deadlocks: await server.deadlocks() };
  } finally {
    await server.stop();
  }
}

async function processParts(): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  if (wanted('trigger')) {
    progress('trigger path ...');
    const { eventsPerSecond } = await measureTriggerPath({ events: 100_000 });
    figures['trigger_events_per_second'] = eventsPerSecond;
  }
  if (wanted('latency')) {
    progress('latency at 300 events/s ...');
    const { p50, p95, p99 } = await measureLatency({ rate: 300, seconds: 30 });
    Object.assign(figures, { latency_p50_ms: p50, latency_p95_ms: p95, latency_p99_ms: p99 });
  }
  if (wanted('start')) {
    progress('cold start ...');
    const { emptyNodeMs, bundledMs, unbundledMs } = await measureColdStart({ rounds: 7 });
    figures['cold_start_ms'] = bundledMs - emptyNodeMs;
    figures['cold_start_unbundled_ms'] = unbundledMs - emptyNodeMs;
  }
  if (wanted('memory')) {
    progress('memory over 5,000,000 events ...');
    const readings = await measureMemory();
    readings.forEach((mb, index) => {
      figures[`memory_mb_after_${(index + 1) * 10}_percent`] = mb;
    });
  }
  if (wanted('bodies')) {
    progress('1,500 events of 1 MB ...');
    figures['large_bodies_peak_mb'] = (await measureLargeBodies()).peakMb;
  }
  if (wanted('pages')) {
    const pages = await measurePages({ rows: options.rows, events: options.events }, progress);
    for (const [ids, of] of Object.entries(pages)) {
      Object.assign(figures, {
        [`pages_${ids}_times_the_buffers`]: of.timesTheBuffers,
        [`pages_${ids}_bytes_per_entry`]: of.bytesPerEntry,
        [`pages_${ids}_reads_per_event`]: of.readsPerEvent,
        [`pages_${ids}_writes_per_event`]: of.writesPerEvent,
      });
    }
  }
  if (wanted('backfill')) {
    const sizes = { ledgerRows: options.rows, orderRows: options.rows / 2 };
    Object.assign(figures, await measureBackfill(sizes, progress));
  }
  return figures;
}
