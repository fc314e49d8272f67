import { Command } from 'commander';
import type { HostCheckpoints } from '../../../shared/checkpoints/hostCheckpoints.ts';
import { movePastProcessed } from '../../../shared/checkpoints/movePastProcessed.ts';
import { checkpointsOf } from '../../../shared/checkpoints/ofSettings.ts';
import { MOST_IN_A_BATCH } from '../../../shared/metrics/standing.ts';
import type { HubReader } from '../../../shared/replay/hubReader.ts';
import { processedUpTo } from '../../../shared/store/checkpoints/processedUpTo.ts';
import { missingNumbers, type NumberRange } from '../../../shared/store/replay/missingNumbers.ts';
import { askForReplay, waitForReplay } from '../../target/replayQueue.ts';
import { hubReader, operatorName, type Target, withTarget } from '../../target/target.ts';
import { confirm } from '../../terminal/confirm.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { wholeNumber } from '../../terminal/options.ts';
import { writeResult, writeRows } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';

interface Options {
  readonly yes?: boolean;
  readonly as?: string;
  readonly json?: boolean;
}

export function checkpointCommand(): Command {
  const command = new Command('checkpoint').description(
    "The host's place in a partition: past an event that it can't hand over.",
  );
  command
    .command('skip')
    .description('bring the next batch in without the host, then set the partition going behind it')
    .argument('<topic>', 'name of the hub')
    .argument('<partition>', 'number of the partition', wholeNumber(0))
    .option('--yes', 'do not ask')
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `
Example:
  npm run cli -- checkpoint skip ledger.entry.upserted 3
It shows which events of the next batch the host can't hand over, and of what form they are; no value is shown. Nothing is lost:
the batch goes through the same ingest as the stream, and the checkpoint is only moved over numbers that were processed.`,
    )
    .action((topic: string, partition: number, options: Options) =>
      withTarget((target) => skip(target, topic, partition, options)),
    );
  return command;
}

async function skip(
  target: Target,
  topic: string,
  partition: number,
  { yes = false, as = operatorName(), json = false }: Options,
): Promise<void> {
  const { hub, checkpoints } = connections(target, topic);
  const batch = await nextBatch(target, hub, checkpoints, topic, partition);
  if (batch !== undefined) {
    const faults = await hostFaults(hub, topic, partition, batch);
    console.error(`The next batch of ${topic}, partition ${partition}: ${batch.from} to ${batch.to}.`);
    if (json) console.error(JSON.stringify(faults));
    else {
      const empty = 'None of its events has a form that the host is known not to hand over.';
      writeRows(faults, { json: false, empty });
    }
  }
  await confirm('It is about to bring this batch in, and to move the checkpoint behind it.', { yes });
  const repaired = batch && (await repair(target, topic, partition, batch, as));
  if (repaired === 'stopped') return;
  const result = await movePastProcessed(
    { database: target.database, hub, checkpoints, actor: as },
    topic,
    partition,
  );
  if (result.moved && !result.released) {
    process.exitCode = EXIT.left;
    console.error(
      `The checkpoint was moved to ${result.to}, and the host keeps the partition. Run it again.`,
    );
    return;
  }
  if (result.moved) {
    writeResult({ topic, partition, from: result.from, to: result.to, ...repaired }, { json });
    return;
  }
  process.exitCode = EXIT.left;
  console.error(NOT_MOVED[result.reason]);
}

const NOT_MOVED = {
  nothing: "Nothing was moved: the host's checkpoint is where it has to be.",
  renewed: 'The host renewed its claim each time. Run it again.',
  busy: 'Somebody else is moving it, or the timer. Run it again.',
  unread:
    'Nobody has ever read this partition at this place. Are EventHubs, EVENT_HUBS_CONSUMER_GROUP and AzureWebJobsStorage those ' +
    'of the deployment?',
};

function connections({ settings }: Target, topic: string) {
  const { eventHubs, consumerGroup, topics } = settings;
  if (topic === '' || !Object.values(topics).includes(topic)) {
    throw new Complaint(`${topic} is no topic of these settings. LEDGER_TOPIC and the like name the topics.`);
  }
  if (eventHubs === undefined) throw new Complaint('EventHubs is missing: there is no namespace.');
  if (consumerGroup === undefined) {
    throw new Complaint(
      'EVENT_HUBS_CONSUMER_GROUP is missing: the checkpoints are those of a consumer group.',
    );
  }
  const checkpoints = checkpointsOf({ ...settings, eventHubs, consumerGroup });
  if (checkpoints === undefined) {
    throw new Complaint(
      'AzureWebJobsStorage, or AzureWebJobsStorage__accountName, is missing: the checkpoints are in its blobs.',
    );
  }
  return { hub: hubReader(eventHubs), checkpoints };
}

/** What the host reads next and nobody has processed; `undefined` where there is nothing. */
async function nextBatch(
  { database }: Target,
  hub: HubReader,
  checkpoints: HostCheckpoints,
  topic: string,
  partition: number,
): Promise<NumberRange | undefined> {
  const [held] = await hub.heldNumbers(topic, [partition]);
  if (held === undefined) throw new Complaint(`The hub ${topic} has no partition ${partition}.`);
  const { first, last } = held;
  const checkpoint = await checkpoints.checkpoint(topic, partition);
  if (checkpoint === undefined && (await checkpoints.ownership(topic, partition)) === undefined) {
    throw new Complaint(NOT_MOVED.unread);
  }
  const next = Math.max((checkpoint?.sequenceNumber ?? -1) + 1, first);
  const from = ((await processedUpTo(database, topic, partition, next)) ?? next - 1) + 1;
  const holes =
    from > first ? await missingNumbers(database, topic, partition, { from: first, to: from - 1 }) : [];
  if (holes.length > 0) {
    throw new Complaint(
      `Before ${from} there are numbers that were never processed, from ${holes[0]!.from} on. Bring them in first: gaps --repair`,
    );
  }
  return from > last ? undefined : { from, to: Math.min(from + MOST_IN_A_BATCH - 1, last) };
}

async function hostFaults(hub: HubReader, topic: string, partition: number, batch: NumberRange) {
  const faults: { sequence_number: number; form: string }[] = [];
  await hub.read(topic, partition, batch, async (events) => {
    for (const { sequenceNumber, unreadable, hostFault } of events) {
      const form = unreadable ?? hostFault;
      if (form !== undefined) faults.push({ sequence_number: sequenceNumber, form });
    }
    return true;
  });
  return faults;
}

async function repair(
  target: Target,
  topic: string,
  partition: number,
  { from, to }: NumberRange,
  as: string,
): Promise<{ stored: number; dead_lettered: number } | 'stopped'> {
  const gap = { topic, partition, from, to };
  const requestId = await askForReplay(target, { select: { gap }, requested_by: as });
  console.error(`Request ${requestId}: waiting for the function dlqReplay ...`);
  const result = await waitForReplay(target, requestId, untilStopped(), () => {});
  if (result !== undefined) return { stored: result.resolved, dead_lettered: result.rejected };
  console.error('Stopped waiting; the request goes on. Run the command again: what is in is not read again.');
  process.exitCode = EXIT.stopped;
  return 'stopped';
}
