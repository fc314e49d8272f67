import { Command, Option } from 'commander';
import { REJECTION_REASONS } from '../../../shared/contracts/rejection.ts';
import { MAX_ATTEMPTS } from '../../../shared/replay/replayDeadLetters.ts';
import { readReplay } from '../../../shared/store/replay/readReplay.ts';
import { askForReplay, resultOf, waitForReplay } from '../../target/replayQueue.ts';
import { operatorName, type Target, withTarget } from '../../target/target.ts';
import { confirmElsewhere } from '../../target/targetLine.ts';
import { confirm } from '../../terminal/confirm.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { time, wholeNumber, wholeNumbers } from '../../terminal/options.ts';
import { writeResult, writeRows } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import { openPayload } from '../deadLetters/openPayload.ts';
import { lettersOf, type ReplayOutcome, replayOutcomes } from '../deadLetters/replayOutcomes.ts';
import { countDeadLetters } from '../queries/countDeadLetters.ts';
import { hasDeadLetters } from '../queries/hasDeadLetters.ts';
import { EVERY_OPEN, type ListedDeadLetter, listDeadLetters } from '../queries/listDeadLetters.ts';
import { openDeadLetters } from '../queries/openDeadLetters.ts';

interface Filter {
  topic?: string;
  error?: string;
  since?: string;
  until?: string;
  limit?: number;
  json?: boolean;
  wide?: boolean;
}

interface List extends Filter {
  key?: string;
  partition?: number;
  all?: boolean;
}

interface Run extends Filter {
  ids?: number[];
  dryRun?: boolean;
  force?: boolean;
  acceptFuture?: boolean;
  yes?: boolean;
  as?: string;
  wait: boolean;
}

const LISTED = 50;
const LISTED_COLUMNS = ['dlq_id', 'topic', 'error', 'error_detail', 'parked_at'];
/** Dead letters of a run of which is told what became of each, the oldest first. */
const TOLD = 10_000;
const NONE_OPEN = 'No dead letter is open.';

export function replayCommand(): Command {
  const command = new Command('replay').description('Dead letters: look at them, and bring them in again.');
  command
    .command('summary')
    .description('open dead letters by topic, reason, field and what arrived')
    .option('--wide', 'as wide as it gets')
    .option('--json', 'write JSON')
    .action(({ json = false, wide = false }: { json?: boolean; wide?: boolean }) =>
      withTarget(async ({ database }) => {
        const counted = (await countDeadLetters(database, MAX_ATTEMPTS)).map(
          ({ topic, error, field, form, open, exhausted, oldest }) => ({
            topic,
            error,
            field,
            found: form,
            open,
            exhausted,
            oldest: oldest.toISOString(),
          }),
        );
        writeRows(counted, { json, wide, empty: NONE_OPEN });
      }),
    );
  filtered(command.command('list').description('dead letters, the oldest first, without their payload'))
    .option('--key <key>', "whose broker's key is this, exactly")
    .option('--partition <n>', 'of this partition', wholeNumber(0))
    .option('--all', 'also those that are resolved')
    .option('--wide', 'every column, as wide as it gets')
    .action(({ json = false, wide = false, all = false, limit = LISTED, ...filter }: List) =>
      withTarget(async (target) => {
        await checkSelection(target, filter);
        const selection = { ...EVERY_OPEN, ...filter, status: all ? 'all' : 'open' } as const;
        const rows = await listDeadLetters(target.database, selection, {
          order: 'oldest first',
          behind: null,
          limit,
        });
        const empty = all ? 'There is no such dead letter.' : 'No such dead letter is open.';
        writeRows(rows, { json, wide, empty, columns: LISTED_COLUMNS });
        if (rows.length === limit && !json) console.log(`The first ${limit}; --limit shows more.`);
      }),
    );
  command
    .command('show')
    .description('one dead letter, whole, its payload opened; written to the audit log')
    .argument('<dlq_id>', 'its id', wholeNumber(0))
    .option('--raw', 'write the exact bytes of its payload, and nothing else')
    .option('--json', 'write JSON; the payload in base64')
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .action((id: number, options: Show) => show(id, options));
  filtered(command.command('run').description('bring dead letters in again, with their original positions'))
    .option('--ids <ids>', 'these, with commas, and no others', wholeNumbers)
    .option('--dry-run', 'only say what would happen, by the contract: the database is not asked')
    .option('--force', 'also what has failed five times')
    .option('--accept-future', 'let an updated_at in the future through')
    .option('--yes', 'do not ask')
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .option('--no-wait', 'print the id of the request and end')
    .addHelpText(
      'after',
      `
Examples:
  npm run cli -- replay run --error core_missing --dry-run
  npm run cli -- replay run --topic ledger.entry.upserted --since 2026-11-22T10:00:00Z
  npm run cli -- replay run --ids 17,18 --force
Without a selection, every open dead letter: it names them and asks first. Exit code 1 where some are still refused or left alone.`,
    )
    .action((options: Run) => run(options));
  command
    .command('result')
    .description('what came of a request')
    .argument('<request_id>')
    .option('--json', 'write JSON')
    .action((id: string, { json = false }: { json?: boolean }) =>
      withTarget(async ({ database }) => {
        const found = await readReplay(database, id);
        if (found === undefined)
          throw new Complaint('There is no such request: it has not begun, or is long past.');
        writeResult({ status: found.status, ...resultOf(found) }, { json });
      }),
    );
  return command;
}

function filtered(command: Command): Command {
  return command
    .option('--topic <hub>', "of this hub's events")
    .addOption(new Option('--error <reason>', 'with this reason').choices(REJECTION_REASONS))
    .option('--since <time>', 'parked then or later', time)
    .option('--until <time>', 'parked before', time)
    .option('--limit <n>', 'at most that many, the oldest first', wholeNumber(1))
    .option('--json', 'write JSON');
}

interface Show {
  readonly raw?: boolean;
  readonly json?: boolean;
  readonly as?: string;
}

function show(id: number, { raw = false, json = false, as = operatorName() }: Show): Promise<void> {
  return withTarget(async (target) => {
    const { columns: rest, payload } = await openPayload(target, id, as);
    if (raw) process.stdout.write(payload);
    else if (json) writeResult({ ...rest, payload: payload.toString('base64') }, { json });
    else {
      writeResult(
        Object.fromEntries(
          Object.entries(rest).map(([name, value]) => [
            name,
            value instanceof Date ? value.toISOString() : value,
          ]),
        ),
        { json },
      );
      console.log(`\n${payload.toString('utf8')}`);
    }
  });
}

function run({ ids, json = false, wait, yes = false, as = operatorName(), ...options }: Run): Promise<void> {
  const { dryRun = false, force = false, acceptFuture = false, ...filter } = options;
  if (ids !== undefined && Object.keys(filter).length > 0) {
    throw new Complaint('--ids names dead letters one by one: leave the other selections out.');
  }
  const stopped = untilStopped();
  return withTarget(async (target) => {
    await checkSelection(target, { ...filter, ...(ids && { ids }) });
    if (!dryRun && !(await mayReplay(target, filter, ids, yes))) return;
    const before = dryRun ? undefined : await selected(target, filter, ids);
    const requestId = await askForReplay(target, {
      select: ids === undefined ? filter : { dlq_ids: ids },
      dry_run: dryRun,
      force,
      accept_future: acceptFuture,
      requested_by: as,
    });
    if (!wait) {
      writeResult({ request_id: requestId }, { json });
      return;
    }
    console.error(`Request ${requestId}: waiting for the function dlqReplay ...`);
    let reported = 0;
    const result = await waitForReplay(target, requestId, stopped, ({ examined }) => {
      if (examined > reported) console.error(`${examined} dead letters so far ...`);
      reported = examined;
    });
    if (result === undefined) {
      console.error(`Stopped waiting; the request goes on. Its result: replay result ${requestId}`);
      process.exitCode = EXIT.stopped;
      return;
    }
    console.error(`${result.examined} dead letters: done.`);
    const outcomes = before && (await replayOutcomes(target.database, before));
    const left = outcomes?.filter(({ outcome }) => outcome !== 'stored').map(leftRow);
    writeRun({ request_id: requestId, dry_run: dryRun, ...result }, left, json);
    if (result.rejected + result.exhausted > 0) process.exitCode = EXIT.left;
  });
}

/** What a request is about, as far as what becomes of each is told. */
function selected(
  { database }: Target,
  { limit = TOLD, ...filter }: Filter,
  ids: readonly number[] | undefined,
): Promise<ListedDeadLetter[]> {
  if (ids !== undefined) return lettersOf(database, ids);
  const stretch = { order: 'oldest first', behind: null, limit: Math.min(limit, TOLD) } as const;
  return listDeadLetters(database, { ...EVERY_OPEN, ...filter }, stretch);
}

function leftRow({ letter, outcome }: ReplayOutcome) {
  const { dlq_id, topic, error, error_detail } = letter;
  return { dlq_id, outcome: outcome === 'refused' ? 'still refused' : outcome, topic, error, error_detail };
}

/** The counts of a run, and what was not stored, with why; of a dry run, the counts. */
function writeRun(counts: object, left: readonly object[] | undefined, json: boolean): void {
  writeResult({ ...counts, ...(json && left && { left }) }, { json });
  if (json || left === undefined || left.length === 0) return;
  writeRows(left.slice(0, LISTED), { json, empty: '' });
  if (left.length > LISTED) console.error(`The first ${LISTED} that are left; --json has all.`);
}

/**
 * What can't match anything is a mistake, and no success with nothing to do.
 * @throws Complaint
 */
async function checkSelection(
  { settings, database }: Target,
  { topic, ids = [] }: Pick<Run, 'topic' | 'ids'>,
): Promise<void> {
  if (topic !== undefined) {
    const topics = Object.values(settings.topics).filter((name) => name !== '');
    if (!topics.includes(topic) && !(await hasDeadLetters(database, topic))) {
      throw new Complaint(
        `There is no topic ${topic}, and no dead letter of it. The topics: ${topics.join(', ')}.`,
      );
    }
  }
  if (ids.length === 0) return;
  const found = await openDeadLetters(database, ids);
  const unknown = ids.filter((id) => !found.some((one) => one.id === id));
  if (unknown.length > 0) throw new Complaint(`There is no dead letter ${unknown.join(', ')}.`);
  if (!found.some(({ isOpen }) => isOpen))
    throw new Complaint('These dead letters are resolved: none is open.');
}

/** Asks, where nothing is selected or that is another machine. Returns false where there is nothing to replay. */
async function mayReplay(
  { settings, database }: Target,
  { limit, ...selection }: Filter,
  ids: readonly number[] | undefined,
  yes: boolean,
): Promise<boolean> {
  if (ids !== undefined || Object.keys(selection).length > 0) {
    await confirmElsewhere(settings, 'bring the selected dead letters in again', yes);
    return true;
  }
  const open = await countDeadLetters(database, MAX_ATTEMPTS);
  if (open.length === 0) {
    console.error(NONE_OPEN);
    return false;
  }
  const counts = open.map(({ topic, error, open: count }) => `${count} ${error} of ${topic}`);
  const most = limit === undefined ? '' : `, the oldest ${limit} of them`;
  await confirm(
    `No selection: it is about to bring in every open dead letter${most}: ${counts.join(', ')}.`,
    { yes },
  );
  return true;
}
