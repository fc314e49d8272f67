import { randomInt } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { freeLocalPorts } from '../../local/processes/freePorts.ts';
import { lockHolder } from '../../local/processes/lock.ts';
import { buildFunctions } from '../../package/build.ts';
import { readProgress, sum, unseenEvents } from '../../proof/progress.ts';
import { Random } from '../../proof/synthetic/random.ts';
import { memoryGrowth } from './memoryGrowth.ts';
import { csvHeader, csvLine, type Sample, takeSample } from './samples.ts';
import { soakChart } from './soakChart.ts';
import { SoakCloud } from './soakCloud.ts';
import { faultsInTurn } from './soakFaults.ts';

const DIRECTORY = fileURLToPath(new URL('../../../.local/soak', import.meta.url));
const SAMPLE_EVERY_MS = 5000;
const FIRST_FAULT_AFTER_MS = 30_000;
const FAULT_EVERY_MS = 60_000;

const options = new Command('npm run test:soak --')
  .description(
    'Runs the sync for a while, with a fault every minute, then compares every row with the model. ' +
      'Writes soak.csv, soak.svg and report.json to .local/soak/.',
  )
  .option('--minutes <n>', 'how long events are published', positive, 30)
  .option('--rate <n>', 'events per second', positive, 2000)
  .option('--no-faults', 'without faults: for the memory over a long time')
  .option(
    '--seed <n>',
    'seed of the payments and faults (default: a random one, printed)',
    Number,
    randomInt(2 ** 31),
  )
  .parse()
  .opts<{ minutes: number; rate: number; seed: number; faults: boolean }>();

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

const startedAt = Date.now();
const elapsed = () => (Date.now() - startedAt) / 1000;
const say = (line: string) => console.log(`${elapsed().toFixed(0).padStart(5)} s  ${line}`);

/** Takes a sample every few seconds until it is told to end. */
class Recorder {
  readonly samples: Sample[] = [];
  fault = '';
  readonly #file = join(DIRECTORY, 'soak.csv');

  async run(cloud: SoakCloud, end: AbortSignal): Promise<void> {
    writeFileSync(this.#file, `${csvHeader()}\n`);
    while (!end.aborted) {
      const sample = await takeSample(cloud, elapsed(), this.fault);
      this.samples.push(sample);
      appendFileSync(this.#file, `${csvLine(sample)}\n`);
      const { published, consumed, lag, freshness_s, lasting_host_mb, connections } = sample;
      say(
        `published ${published}, consumed ${consumed ?? '?'}, lag ${lag ?? '?'}, ` +
          `oldest partition ${freshness_s?.toFixed(1) ?? '?'} s, host ${lasting_host_mb ?? '?'} MB, ` +
          `${connections ?? '?'} connections${sample.fault && `, fault: ${sample.fault}`}`,
      );
      await delay(SAMPLE_EVERY_MS, undefined, { signal: end }).catch(() => {});
    }
  }
}

async function bringFaults(cloud: SoakCloud, recorder: Recorder, end: AbortSignal): Promise<string[]> {
  const happened: string[] = [];
  if (!options.faults) return happened;
  const wait = (ms: number) => delay(ms, undefined, { signal: end }).catch(() => {});
  await wait(FIRST_FAULT_AFTER_MS);
  for (const [name, fault] of faultsInTurn(new Random(options.seed))) {
    if (end.aborted) break;
    const next = Date.now() + FAULT_EVERY_MS;
    say(`fault: ${name}`);
    recorder.fault = name;
    happened.push(name);
    await fault(cloud);
    recorder.fault = '';
    await wait(Math.max(0, next - Date.now()));
  }
  return happened;
}

/** Returns whether all was right. */
async function soak(cloud: SoakCloud): Promise<boolean> {
  const recorder = new Recorder();
  const end = new AbortController();
  const recorded = new AbortController();
  const recording = recorder.run(cloud, recorded.signal);
  const timer = setTimeout(() => end.abort(), options.minutes * 60_000);
  say(`publishing ${options.rate} a second for ${options.minutes} minutes, seed ${options.seed}`);
  const publishingSince = elapsed();
  try {
    const publishing = cloud.publish(options.seed, options.rate, end.signal);
    const bringing = bringFaults(cloud, recorder, end.signal);
    await Promise.all([publishing, bringing]);
    const rate = cloud.published / (elapsed() - publishingSince);
    const faults = await bringing;
    say(`published ${cloud.published}; waiting for the rest`);
    const drainingSince = elapsed();
    await cloud.drain();
    const drained = elapsed() - drainingSince;
    recorded.abort();
    await recording;
    return await conclude(cloud, recorder.samples, { rate, drained, faults });
  } finally {
    clearTimeout(timer);
    end.abort();
    recorded.abort();
  }
}

async function conclude(
  cloud: SoakCloud,
  samples: readonly Sample[],
  { rate, drained, faults }: { rate: number; drained: number; faults: readonly string[] },
): Promise<boolean> {
  const ranges = await cloud.watch.ranges();
  await cloud.check.read(cloud.local.emulator.connectionString, ranges);
  const inHubs = cloud.check.events;
  say(`comparing ${inHubs} events with the tables`);
  const { check, progress, gaps } = await cloud.asAdmin(async (client) => ({
    check: await cloud.check.compare(client, say),
    progress: await readProgress(client),
    gaps: await unseenEvents(client, ranges),
  }));
  const memory = memoryGrowth(samples);
  const failures: string[] = [];
  const expectEqual = (what: string, found: number, wanted: number) => {
    if (found !== wanted) failures.push(`${what}: ${found}, not ${wanted}`);
  };
  expectEqual('sequence numbers that were never processed', gaps, 0);
  expectEqual('differences between tables and model', check.mismatches, 0);
  expectEqual('events consumed, by outcome', progress.consumed, inHubs);
  expectEqual('dead letters', sum(progress.deadLetters), check.deadLetters);
  expectEqual('deaths of the host that nobody killed', cloud.lasting.restarts, 0);
  if (memory?.bounded === false) {
    failures.push(`the memory of a host grew from ${memory.earlyMb} to ${memory.lateMb} MB`);
  }
  const report = {
    minutes: options.minutes,
    rate: options.rate,
    seed: options.seed,
    ok: failures.length === 0,
    failures,
    published: cloud.published,
    published_per_second: Math.round(rate),
    drained_in_seconds: Math.round(drained),
    faults,
    in_hubs: inHubs,
    consumed: progress.consumed,
    outcomes: progress.outcomes,
    dead_letters: progress.deadLetters,
    redelivered: progress.redelivered,
    gaps,
    rows: check.rows,
    model_mismatches: check.mismatches,
    mismatch_examples: check.examples,
    memory: memory ?? null,
    checker_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
  writeFileSync(join(DIRECTORY, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const title = `${report.published_per_second} events a second for ${options.minutes} minutes${options.faults ? ', a fault every minute' : ''}`;
  writeFileSync(join(DIRECTORY, 'soak.svg'), await soakChart(samples, title));
  console.log(summary(report).join('\n'));
  return report.ok;
}

function summary(
  report: Readonly<{
    published: number;
    published_per_second: number;
    drained_in_seconds: number;
    faults: readonly string[];
    consumed: number;
    redelivered: number;
    gaps: number;
    rows: Readonly<Record<string, number>>;
    model_mismatches: number;
    mismatch_examples: readonly string[];
    dead_letters: Readonly<Record<string, number>>;
    memory: { earlyMb: number; lateMb: number } | null;
    checker_mb: number;
    failures: readonly string[];
  }>,
): string[] {
  const { memory } = report;
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return [
    '',
    `published         ${report.published}, ${report.published_per_second} a second; the rest took ${report.drained_in_seconds} s more`,
    `consumed          ${report.consumed}, ${report.redelivered} redelivered`,
    `faults            ${report.faults.join(', ') || 'none'}`,
    `dead letters      ${list(report.dead_letters)}`,
    `gaps              ${report.gaps}`,
    `model mismatches  ${report.model_mismatches} (${list(report.rows)})`,
    ...report.mismatch_examples.map((example) => `  ${example}`),
    `host memory       ${memory ? `${memory.earlyMb} MB in the second quarter, ${memory.lateMb} MB in the last` : 'not measured'}`,
    `this program      ${report.checker_mb} MB at most`,
    `chart, samples    ${DIRECTORY}`,
    ...(report.failures.length === 0
      ? ['Every table is exactly what the events say.']
      : report.failures.map((failure) => `FAILED: ${failure}`)),
  ];
}

const state = join(DIRECTORY, 'state');
const holder = lockHolder(state);
if (holder !== undefined) {
  console.error(`A soak is running already (process ${holder.pid}).`);
  process.exit(1);
}
rmSync(state, { recursive: true, force: true });
mkdirSync(state, { recursive: true });
Object.assign(process.env, await freeLocalPorts(), { LOCAL_STATE_DIRECTORY: state });
await buildFunctions();
let ok = false;
const cloud = await SoakCloud.start(say);
try {
  ok = await soak(cloud);
} catch (error) {
  console.error(error);
} finally {
  await cloud.stop();
}
process.exit(ok ? 0 : 1);
