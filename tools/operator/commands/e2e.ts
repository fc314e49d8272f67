import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { type HubAccess, hubAccess } from '../../../shared/settings/eventHubsConnection.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { unwritten } from '../../proof/synthetic/envelope.ts';
import { PublishError } from '../../proof/synthetic/publishError.ts';
import { hubReader, namespaceRequired, operatorName, withTarget } from '../../target/target.ts';
import { confirmElsewhere, databaseOf } from '../../target/targetLine.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { seedOption, wholeNumber } from '../../terminal/options.ts';
import { writeResult } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import { userPath } from '../../terminal/userPath.ts';
import type { TestedEnvironment } from '../e2e/context.ts';
import { GATE_SCENARIOS } from '../e2e/hubs.ts';
import { removeRun, runE2e } from '../e2e/run.ts';

interface Options {
  events: number;
  seed: number;
  timeout: number;
  maxVisible: number;
  maxLag: number;
  out?: string;
  keep?: boolean;
  remove?: string;
  yes?: boolean;
  json?: boolean;
}

export function e2eCommand(): Command {
  return new Command('e2e')
    .description(
      'End-to-end test of an environment: publishes synthetic payments, and checks what came of them.',
    )
    .option('--events <n>', 'of each scenario', wholeNumber(10), 60)
    .addOption(seedOption())
    .option('--timeout <s>', 'until every event has to be processed', wholeNumber(1), 120)
    .option('--max-visible <ms>', 'from enqueued to visible, 95th percentile', wholeNumber(1), 5000)
    .option('--max-lag <n>', 'events behind the hubs at the end', wholeNumber(0), 0)
    .option('--out <file>', 'write the result there as JSON, for gate record')
    .option('--keep', 'leave the rows in the tables, to look at them')
    .option('--remove <run>', 'take away what an earlier run has left, and do nothing else', runId)
    .option('--yes', 'do not ask where that is another machine')
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `
Scenarios: ${GATE_SCENARIOS.join(', ')}; pairs over partitions are among them.
Settings are those of the functions; the login has to be a member of bo_operator, and EventHubs may send and listen.
With CONTROL_TOPIC, it sends control totals of what it made, and waits until they match; its records are of windows of the years 2000
to 2004 then, in which no source has any.
Every key has the id of the run. Their rows are removed at the end; counters and metrics have counted the events. What comes
of the run later (a redelivery, an event that waited) is removed by the app's timer, for a day.
Exit code 1 where a promise was not kept: the result says which.`,
    )
    .action((options: Options) =>
      options.remove === undefined ? run(options) : remove(options.remove, options),
    );
}

function runId(text: string): string {
  if (!/^e2e-[0-9a-z]{8,32}$/.test(text))
    throw new InvalidArgumentError('It must be the id of a run: e2e-...');
  return text;
}

function remove(run: string, { yes, json = false }: Options): Promise<void> {
  return withTarget(async ({ settings, database }) => {
    await confirmElsewhere(settings, `delete the rows of the test ${run}`, yes);
    const say = (text: string) => console.error(text);
    const removed = await removeRun({ database, run, actor: operatorName(), say });
    writeResult({ run_id: run, removed }, { json });
  });
}

function run({
  events,
  seed,
  timeout,
  maxVisible,
  maxLag,
  out,
  keep = false,
  yes,
  json = false,
}: Options): Promise<void> {
  const stopped = untilStopped();
  return withTarget(async ({ settings, database }) => {
    const problem = unwritten(settings.profile);
    if (problem !== undefined) throw new Complaint(problem);
    const eventHubs = namespaceRequired(settings.eventHubs);
    await confirmElsewhere(settings, 'publish synthetic payments, and delete their rows at the end', yes);
    const hub = hubReader(eventHubs);
    // The publisher's client would try for minutes.
    await hub.heldNumbers(settings.topics.ledger);
    const access = await hubAccess(eventHubs);
    const id = `e2e-${randomBytes(6).toString('hex')}`;
    // Loads the client of Event Hubs, which the other commands start without.
    const { Publisher } = await import('../../proof/synthetic/publish.ts');
    const publisher = new Publisher(access, settings.topics, id);
    try {
      const result = await runE2e({
        settings,
        database,
        publisher,
        run: id,
        seed,
        events,
        maxLag,
        keep,
        stopped,
        hub,
        environment: tested(access, settings),
        actor: operatorName(),
        timeoutMs: timeout * 1000,
        maxVisibleMs: maxVisible,
        say: (text) => console.error(text),
      });
      if (out !== undefined) await writeFile(userPath(out), `${JSON.stringify(result, null, 2)}\n`);
      const { failures, visible_after_ms: visible, environment: where, limits, packages, ...rest } = result;
      if (json) writeResult(result, { json });
      else {
        writeResult(
          {
            ...rest,
            ...where,
            ...limits,
            package: packages.join(', ') || null,
            visible_p50_ms: visible.p50,
            visible_p95_ms: visible.p95,
          },
          { json },
        );
        for (const failure of failures) console.log(`FAILED: ${failure}`);
      }
      if (stopped.aborted) process.exitCode = EXIT.stopped;
      else if (!result.ok) process.exitCode = EXIT.left;
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      console.error(error.message);
      process.exitCode = EXIT.service;
    } finally {
      await publisher.close();
    }
  });
}

/** What the settings name, without what is secret in them. */
function tested(access: HubAccess, settings: OperatorSettings): TestedEnvironment {
  const { host, port, name } = databaseOf(settings);
  return {
    event_hubs:
      typeof access === 'string'
        ? (/(?:^|;)\s*Endpoint=sb:\/\/([^/;]+)/i.exec(access)?.[1] ?? '')
        : access.namespace,
    database: `${host}:${port}/${name}`,
  };
}
