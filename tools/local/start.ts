import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type pg from 'pg';
import { readOperatorSettings } from '../../shared/settings/settings.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { buildFunctions } from '../package/build.ts';
import { BrokerWatch } from '../proof/brokerLog.ts';
import { type Progress, readProgress, unseenEvents } from '../proof/progress.ts';
import { inEnvelope, unwritten } from '../proof/synthetic/envelope.ts';
import { syntheticEvents } from '../proof/synthetic/payments.ts';
import { Publisher } from '../proof/synthetic/publish.ts';
import { Random } from '../proof/synthetic/random.ts';
import { SourceTotals } from '../proof/synthetic/sourceTotals.ts';
import { localCloudFrom, localEnvironment, OPERATOR_LOGIN } from '../target/localCloud.ts';
import { withClient } from '../target/withClient.ts';
import { seedOption, wholeNumber } from '../terminal/options.ts';
import { untilStopped } from '../terminal/untilStopped.ts';
import { userPath } from '../terminal/userPath.ts';
import { languageOf } from '../texts/texts.ts';
import { LiveView } from '../view/liveView.ts';
import { addressLines, type LocalCloud, startLocalCloud } from './cloud.ts';
import { untilCompared } from './controlTotals.ts';
import { type Hosts, startHosts } from './hosts.ts';
import { Drill } from './incidents/drill.ts';
import { INCIDENTS } from './incidents/incidents.ts';
import { makeReport, reportLines } from './report.ts';
import { StatusView } from './statusView.ts';

interface Options {
  events?: number;
  seed: number;
  hosts: number;
  rate: number;
  killHosts: number;
  exit?: true;
  profile?: string;
  incident?: string;
}

/** More often than in Azure: somebody is watching. */
const METRICS_SCHEDULE = '*/5 * * * * *';

/** With no progress for this long, a run that has to end is over: a host that died needs up to a minute. */
const STALLED_AFTER_MS = 180_000;

const NO_TOPICS = { ledger: '', payment_order: '', pair: '' } as const;

const options = new Command('npm start --')
  .description('Runs the sync on a local cloud: synthetic payments, hubs, Functions hosts, PostgreSQL.')
  .option('--events <n>', 'publish this many events, as fast as they are accepted', wholeNumber(1))
  .addOption(seedOption())
  .option('--hosts <n>', 'Functions host processes that share the partitions', wholeNumber(1), 1)
  .option('--rate <n>', 'without --events: events published per second', wholeNumber(1), 50)
  .option('--kill-hosts <n>', 'kill all hosts with SIGKILL this many times on the way', wholeNumber(0), 0)
  .option('--profile <file>', 'contract profile of the hubs (EVENT_PROFILE_FILE)')
  .addOption(
    new Option('--incident <name>', 'once rows come, make an incident, to try its runbook').choices(
      Object.keys(INCIDENTS),
    ),
  )
  .option('--exit', 'wait until all events are consumed, compare every table with a model, report, and end')
  .addHelpText(
    'after',
    `
Examples:
  npm start                                      run until Ctrl-C, 50 events a second
  npm start -- --events 20000 --seed 7 --exit    publish, check, report; exit code 0 if all is exactly right
  npm start -- --events 20000 --hosts 2 --kill-hosts 2 --exit
  npm start -- --profile profile.json            events as another topic has them (npm run cli -- topic-check)
  npm start -- --incident lock                   an incident to practise on; which page ends it is printed

Incidents:
${Object.entries(INCIDENTS)
  .map(([name, { meaning }]) => `  ${name.padEnd(16)} ${meaning}`)
  .join('\n')}

State is kept under .local/ (npm run local:reset clears it). A port that is taken can be moved with
LOCAL_POSTGRES_PORT, LOCAL_EVENT_HUBS_PORT, LOCAL_KAFKA_PORT, LOCAL_BLOB_PORT, LOCAL_QUEUE_PORT,
LOCAL_TABLE_PORT, LOCAL_VIEW_PORT.
Exit codes: 0 all right, 1 a check failed or something could not be started, 130 stopped before the end.`,
  )
  .parse()
  .opts<Options>();

if (options.exit && options.events === undefined) {
  console.error('--exit needs --events: a run without an end has nothing to wait for.');
  process.exit(1);
}
if (options.exit && options.incident !== undefined) {
  console.error('--exit checks that all is right, and --incident makes that it is not: leave one out.');
  process.exit(1);
}
if (options.profile !== undefined) {
  if (options.exit) {
    console.error('--exit compares with a model that knows the built-in contract only: leave --profile out.');
    process.exit(1);
  }
  process.env['EVENT_PROFILE_FILE'] = userPath(options.profile);
}
const stopped = untilStopped();
const view = new StatusView();
const say = (line: string) => view.say(line);
try {
  await buildFunctions();
  const cloud = await startLocalCloud(say);
  cloud.keepEmulator();
  try {
    process.exitCode = await runOn(cloud);
  } finally {
    await cloud.stop();
  }
} catch (error) {
  view.end();
  console.error((error as Error).message);
  process.exitCode = 1;
}
// All is stopped, but timers of the Event Hubs client would keep the process for some more seconds.
process.exit();

async function runOn(cloud: LocalCloud): Promise<number> {
  const addresses = localCloudFrom(process.env);
  const live = await LiveView.start({
    port: addresses.view.port,
    setting: 'LOCAL_VIEW_PORT',
    language: languageOf(process.env),
    takesMetrics: true,
  });
  const { environment } = cloud;
  // Who works with the view is an operator, as who works with the command line.
  const settings = readOperatorSettings({
    ...localEnvironment(addresses, OPERATOR_LOGIN),
    ...process.env,
  });
  const metrics = { METRICS_SCHEDULE, APPLICATIONINSIGHTS_CONNECTION_STRING: live.connectionString };
  const database = openDatabase({ connection: settings.database, poolSize: 4, onIdleError: () => {} });
  live.connect({ settings, database });
  say([...addressLines(cloud), `Live view    ${live.addressToOpen}`].join('\n'));
  const { topics } = cloud.settings;
  const watch = new BrokerWatch(cloud.emulator.connectionString, Object.values(topics));
  const publisher = new Publisher(cloud.emulator.connectionString, topics);
  // Of its own: what it publishes is not counted with the payments.
  const totals = new Publisher(
    cloud.emulator.connectionString,
    { ...NO_TOPICS, control: topics.control },
    'total',
  );
  let hosts: Hosts | undefined;
  try {
    return await withClient(cloud.adminUrl, async (client) => {
      // Before the hosts go on with what an earlier run left: what follows is counted from here.
      const before = await readProgress(client);
      const ranges = await watch.ranges();
      const backlog = await unseenEvents(
        client,
        ranges.filter(({ topic }) => topic !== topics.control),
      );
      const logs = join(cloud.stateDirectory, 'hosts');
      hosts = await startHosts(options.hosts, { ...metrics, ...environment }, logs, say);
      const run = publishAndWatch({ cloud, client, hosts, watch, publisher, totals, live, before, backlog });
      // Where a part has ended, that is why whatever else failed: it is told first.
      const outcome = run.catch((error: unknown) => delay(500).then(() => Promise.reject(error)));
      return await Promise.race([outcome, cloud.lost]);
    });
  } finally {
    view.end();
    say('Stopping ...');
    const closed = Promise.allSettled([publisher.close(), totals.close(), watch.close()]);
    // Without a broker the clients would try to say goodbye for minutes.
    await Promise.all([Promise.race([closed, delay(5000)]), hosts?.stop()]);
    await Promise.all([live.stop(), database.end()]);
  }
}

interface Run {
  readonly cloud: LocalCloud;
  readonly client: pg.Client;
  readonly hosts: Hosts;
  readonly watch: BrokerWatch;
  readonly publisher: Publisher;
  /** Of control totals. */
  readonly totals: Publisher;
  readonly live: LiveView;
  readonly before: Progress;
  /** Events that an earlier run had left in the hubs. */
  readonly backlog: number;
}

/** Publishes, shows the state once a second, and ends when it is told to or when everything is checked. */
async function publishAndWatch(run: Run): Promise<number> {
  const { cloud, client, hosts, watch, publisher, live, before, backlog } = run;
  const startedAt = new Date();
  say(`Publishing ${options.events ?? `${options.rate} a second`}, seed ${options.seed}. Ctrl-C stops.`);
  const faults: Record<string, number> = {};
  let done = false;
  const source = new SourceTotals(startedAt.getTime(), cloud.settings.profile);
  const publishing = publish(run, source, faults).then(() => {
    done = options.events !== undefined;
  });
  // A failure is reported by the loop below; until then it must not end the process.
  publishing.catch(() => {});

  const drill =
    options.incident === undefined ? undefined : new Drill(options.incident, { cloud, client }, say);
  let kills = options.killHosts;
  let consumedAt = startedAt;
  let lastConsumed = before.consumed;
  while (!stopped.aborted) {
    const progress = await readProgress(client);
    const lag = await unseenEvents(client, await watch.ranges());
    const alerts = live.alerts().map(({ alert }) => alert.name);
    view.show({ published: publisher.published, progress, lag, hosts: hosts.pids.length, alerts });
    await drill?.step(progress.consumed - before.consumed);
    if (progress.consumed > lastConsumed) {
      lastConsumed = progress.consumed;
      consumedAt = new Date();
      if (kills > 0 && options.hosts === hosts.pids.length) {
        kills--;
        hosts.killAll();
      }
    }
    if (options.exit && done && (lag === 0 || Date.now() - consumedAt.getTime() > STALLED_AFTER_MS)) break;
    await Promise.race([delay(options.exit ? 250 : 1000), publishing]);
    if (done) await delay(250);
  }
  await drill?.end();
  if (!options.exit) return 0;
  if (stopped.aborted) return 130;

  view.end();
  const { topics } = cloud.settings;
  const controlTotals = topics.control === '' ? null : await untilCompared(client, topics, source.windows);
  const report = await makeReport(client, cloud.emulator.connectionString, topics, watch, {
    seed: options.seed,
    hosts: options.hosts,
    hostRestarts: hosts.restarts,
    published: publisher.published,
    faults,
    before,
    backlog,
    startedAt,
    consumedAt,
    controlTotals,
  });
  const file = join(cloud.stateDirectory, 'report.json');
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`${reportLines(report).join('\n')}\nWritten to ${file}.`);
  return report.ok ? 0 : 1;
}

async function publish(
  { publisher, totals, cloud }: Run,
  source: SourceTotals,
  faults: Record<string, number>,
): Promise<void> {
  const { profile } = cloud.settings;
  const problem = unwritten(profile);
  if (problem !== undefined) {
    say(`${problem} Publish your own.`);
    return;
  }
  const send = async (events: ReturnType<SourceTotals['due']>) => {
    for (const event of events) if (totals.takes(event)) await totals.publish(inEnvelope(event, profile));
  };
  const limit = options.events ?? Number.POSITIVE_INFINITY;
  const startedAt = Date.now();
  const payments = syntheticEvents(new Random(options.seed), `${options.seed}`, () => Date.now());
  let count = 0;
  for (const event of payments) {
    if (count === limit || stopped.aborted) break;
    if (!publisher.takes(event)) continue;
    if (event.fault !== undefined) faults[event.fault] = (faults[event.fault] ?? 0) + 1;
    await publisher.publish(inEnvelope(event, profile));
    count++;
    source.note(event, Date.now());
    await send(source.due(Date.now()));
    if (options.events === undefined) {
      const due = startedAt + (count / options.rate) * 1000;
      // Asked for once: a busy machine may pass the time between two questions.
      const early = due - Date.now();
      if (early > 0) await delay(early);
    }
  }
  await publisher.flush();
  await send(source.last(Date.now()));
  await totals.flush();
}
