import { createHash, randomUUID } from 'node:crypto';
import { Command } from 'commander';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Rejection } from '../../../shared/contracts/rejection.ts';
import { operatorName, type Target, withTarget } from '../../target/target.ts';
import { confirmElsewhere } from '../../target/targetLine.ts';
import { EXIT } from '../../terminal/exit.ts';
import { wholeNumber } from '../../terminal/options.ts';
import { writeResult } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import { shortName, userPath } from '../../terminal/userPath.ts';
import { backfill } from '../backfill/backfill.ts';
import { type BegunBackfill, beginBackfill } from '../backfill/beginBackfill.ts';
import { CreatedRange } from '../backfill/createdRange.ts';
import { DoneLines } from '../backfill/doneLines.ts';
import { finishBackfill } from '../backfill/finishBackfill.ts';
import {
  checkDumpOutput,
  type DumpCommandOptions,
  dumpsOf,
  windowOf,
  withDumpOptions,
} from '../dump/command/dumpOptions.ts';
import { checkUserIdMode, openSource } from '../dump/command/dumpSource.ts';
import { NdjsonFile } from '../dump/command/ndjsonFile.ts';
import { REFUSED_BY_DATABASE, refusedLine, rejectedLine } from '../dump/command/rejectedLines.ts';
import { fingerprint } from '../dump/dumpFile.ts';
import type { DumpLine } from '../dump/dumpLine.ts';
import type { DumpWindow } from '../dump/dumpRecords.ts';
import { compareAgain } from '../queries/compareAgain.ts';

interface Options extends DumpCommandOptions {
  connections: number;
  rejected?: string;
}

export function backfillCommand(): Command {
  return withDumpOptions(
    new Command('backfill').description(
      'Loads dumps of the source tables, through the same guard as the stream.',
    ),
  )
    .option('--connections <n>', 'transactions at once', wholeNumber(1), 2)
    .option('--rejected <file>', 'where rejected lines go (default: FILE.rejected.ndjson)')
    .addHelpText(
      'after',
      `
A dump is CSV with a header (COPY ... CSV HEADER), NDJSON, or plain pg_dump text; any of them gzipped. Columns go by
the names and aliases of the profile; others are ignored.

Examples:
  npm run cli -- backfill --ledger ledger.csv.gz --orders orders.csv.gz --as-of 2026-11-22T02:00:00Z --days 90
  npm run cli -- backfill --ledger ledger.csv --as-of 2026-11-22T02:00:00Z --window 2026-11-22T01:00:00Z/2026-11-22T01:01:00Z
  psql -c "COPY (SELECT ...) TO STDOUT CSV HEADER" | npm run cli -- backfill --ledger - --as-of ...
Safe while the stream runs, and to repeat. The same file, time and profile go on where they stopped, or have nothing
left to do. Standard input, whose order nobody knows, begins anew: that changes nothing that is loaded.
What was damaged since is for reconcile --repair. Windows of control totals that rows were loaded into are compared again.
Exit code 1 where lines were rejected, or rows have one key: a table has each once.`,
    )
    .action((options: Options) => run(options));
}

function run(options: Options): Promise<void> {
  const dumps = dumpsOf(options);
  checkDumpOutput(options, '--rejected', options.rejected);
  const stopped = untilStopped();
  return withTarget(async (target) => {
    checkUserIdMode(target);
    const window = windowOf(options, target.settings);
    await confirmElsewhere(target.settings, 'load rows into the serving tables', options.yes);
    for (const { topic, path } of dumps) {
      const result = await load(target, topic, path, window, options, stopped);
      writeResult(result, { json: options.json ?? false });
      if (result.rejected > 0 || result.repeated > 0) process.exitCode = EXIT.left;
      if (!result.finished) {
        console.error('Stopped. The same command goes on where it stopped.');
        process.exitCode = EXIT.stopped;
        return;
      }
    }
  });
}

async function load(
  target: Target,
  topic: DumpTopic,
  path: string,
  window: DumpWindow,
  { connections, rejected: rejectedPath, table: tables, null: nullText, as = operatorName() }: Options,
  stopped: AbortSignal,
) {
  const { settings, database } = target;
  const hub = settings.topics[topic];
  // The profile belongs to it: what another one rejected has to be read again.
  const content = path === '-' ? randomUUID() : await fingerprint(path);
  const source = JSON.stringify([
    content,
    hub,
    window,
    tables ?? [],
    nullText ?? '',
    settings.profile.topics[topic],
  ]);
  const backfillId = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const identity = { backfillId, topic: hub, asOf: window.asOf, requestedBy: as };
  const begun = await beginBackfill(database, identity);
  const done = new DoneLines(begun.done);
  if (done.last > 0) console.error(`${shortName(path)}: goes on; up to line ${done.last} is loaded.`);

  const rejectedFile = userPath(rejectedPath ?? `${path === '-' ? 'stdin' : path}.rejected.ndjson`);
  const rejected = rejectedLines(rejectedFile, begun);
  const tellAgain = rejected.kept < begun.counts.rejected;
  const skipTo = tellAgain ? 0 : done.upTo;
  const { contract, privacy, pages, shown } = await openSource(target, topic, path, {
    tables,
    nullText,
    skipTo,
  });
  const repeated = new RepeatedKeys();
  const created = new CreatedRange();
  if (done.last > 0) extendByWindow(created, window);
  const plan = {
    contract,
    privacy,
    window,
    database,
    backfillId,
    created,
    done,
    tellAgain,
    connections,
    stopped,
    repeated: (line: number) => repeated.add(line),
    reject: (line: DumpLine, rejection: Rejection) => rejected.write(rejectedLine(line, rejection)),
    progress: (read: number) => shown.update(read),
  };
  let finished = false;
  try {
    finished = await backfill(plan, pages);
  } finally {
    shown.end({ finished });
  }
  const details = { file: shortName(path), as_of: new Date(window.asOf / 1000), profile: contract.profileId };
  const { refused, ...counts } = await finishBackfill(database, backfillId, { finished, details });
  for (const line of refused) rejected.write(refusedLine(line));
  rejected.close();
  repeated.report(shortName(path));
  const refusals = counts.rejected + refused.length;
  return {
    backfill_id: backfillId,
    file: shortName(path),
    finished,
    ...counts,
    rejected: refusals,
    repeated: repeated.count,
    ...(await compareAgain(database, topic, created)),
    ...(refusals > 0 ? { rejected_lines: rejected.path } : {}),
  };
}

/** What an earlier run has loaded is not read again: it may be anything that the options let through. */
function extendByWindow(created: CreatedRange, { by, since, until }: DumpWindow): void {
  const [from, before] = by === 'created_at' ? [since, until] : [null, null];
  created.extend(from ?? -Infinity, (before ?? Infinity) - 1);
}

/** Rows whose key an earlier row of the same dump has. */
class RepeatedKeys {
  readonly #first: number[] = [];
  count = 0;

  add(line: number): void {
    this.count++;
    if (this.#first.length < 5) this.#first.push(line);
  }

  report(file: string): void {
    if (this.count === 0) return;
    const others = this.count > this.#first.length ? ', ...' : '';
    console.error(
      `${file}: ${this.count} rows have the same key as an earlier row (lines ${this.#first.join(', ')}${others}). A table has a key ` +
        'once: is it a join, two dumps in one file, or were ids rounded? Of each key, the row of highest precedence is stored.',
    );
  }
}

/**
 * The file of rejected lines, with those of earlier runs where it still holds all of them. Lines that only the database
 * refuses are written at the end of each run.
 */
function rejectedLines(path: string, { done, counts }: BegunBackfill): NdjsonFile {
  const isDone = (line: unknown) => done.some(({ from, to }) => from <= Number(line) && Number(line) <= to);
  const file = new NdjsonFile(path, ({ line, reason }) => reason !== REFUSED_BY_DATABASE && isDone(line));
  // Some are missing, or it is the file of another dump: all are told of again.
  return file.kept === counts.rejected ? file : new NdjsonFile(path);
}
