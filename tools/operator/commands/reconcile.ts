import { Command } from 'commander';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Rejection } from '../../../shared/contracts/rejection.ts';
import { describeFailure } from '../../../shared/store/describeFailure.ts';
import { recordAction } from '../../../shared/store/recordAction.ts';
import { operatorName, type Target, withTarget } from '../../target/target.ts';
import { confirmElsewhere } from '../../target/targetLine.ts';
import { EXIT } from '../../terminal/exit.ts';
import { writeResult } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import { shortName, userPath } from '../../terminal/userPath.ts';
import type { Language } from '../../texts/texts.ts';
import { CreatedRange } from '../backfill/createdRange.ts';
import {
  checkDumpOutput,
  type DumpCommandOptions,
  dumpsOf,
  windowOf,
  withDumpOptions,
} from '../dump/command/dumpOptions.ts';
import { checkUserIdMode, openSource } from '../dump/command/dumpSource.ts';
import { NdjsonFile } from '../dump/command/ndjsonFile.ts';
import { rejectedLine } from '../dump/command/rejectedLines.ts';
import type { DumpLine } from '../dump/dumpLine.ts';
import type { DumpWindow } from '../dump/dumpRecords.ts';
import { compareAgain } from '../queries/compareAgain.ts';
import { type Difference, newCounts, reconcile } from '../reconcile/reconcile.ts';
import { type TimeShift, TimeShifts } from '../reconcile/timeShifts.ts';
import { languageOption } from './language.ts';
import { type Say, sayerOf, withNames } from './reportTexts.ts';

interface Options extends DumpCommandOptions {
  repair?: boolean;
  timesAreRight?: boolean;
  report?: string;
  lang: Language;
}

export function reconcileCommand(): Command {
  return withDumpOptions(
    new Command('reconcile').description(
      'Compares dumps of the source tables with the serving tables, by value.',
    ),
  )
    .option('--repair', 'load what is missing, older or different here, through the same guard as the stream')
    .option('--times-are-right', 'repair also where all times of the dump are hours away from those here')
    .option('--report <file>', 'where the differences go, as NDJSON (default: FILE.differences.ndjson)')
    .addOption(languageOption('of the summary; the report of differences has one form for all'))
    .addHelpText(
      'after',
      `
Findings: missing (in the dump, not here), extra (here, not in the dump), older_here, newer_here, and
different_at_same_version. What reached the broker after --as-of is counted as since_changed and is no difference.
--repair does not touch extra and newer_here: nothing is deleted or made older; the source has to say what is right.

Examples:
  npm run cli -- reconcile --ledger ledger.csv.gz --as-of 2026-11-22T02:00:00Z --days 7
  npm run cli -- reconcile --ledger ledger.csv.gz --orders orders.csv.gz --as-of 2026-11-22T02:00:00Z --repair
  npm run cli -- reconcile --ledger ledger.csv --as-of 2026-11-22T02:00:00Z --window 2026-11-22T01:00:00Z/2026-11-22T01:01:00Z
Exit code 1 where differences are left. The report holds ids and values: keep it as you keep the dump.`,
    )
    .action((options: Options) => run(options));
}

function run(options: Options): Promise<void> {
  const dumps = dumpsOf(options);
  checkDumpOutput(options, '--report', options.report);
  const stopped = untilStopped();
  const say = sayerOf(options.lang);
  return withTarget(async (target) => {
    checkUserIdMode(target);
    const window = windowOf(options, target.settings);
    if (options.repair) {
      await confirmElsewhere(target.settings, 'load what differs into the serving tables', options.yes);
    }
    for (const { topic, path } of dumps) {
      const result = await compare(target, topic, path, window, options, stopped);
      const json = options.json ?? false;
      writeResult(json ? result : withNames(result, say), { json });
      if (result.left > 0) process.exitCode = EXIT.left;
      else if (result.finished && comparedRows(result) === 0) {
        console.error(
          say('nothingCompared', { file: shortName(path), read: result.read, outside: result.outside }),
        );
        process.exitCode = EXIT.left;
      }
      if (!result.finished) {
        process.exitCode = EXIT.stopped;
        return;
      }
    }
  });
}

async function compare(
  target: Target,
  topic: DumpTopic,
  path: string,
  window: DumpWindow,
  {
    repair = false,
    timesAreRight = false,
    report: reportPath,
    table: tables,
    null: nullText,
    as = operatorName(),
    lang,
  }: Options,
  stopped: AbortSignal,
) {
  const { database } = target;
  const { contract, privacy, pages, shown } = await openSource(target, topic, path, { tables, nullText });
  const base = path === '-' ? userPath('stdin') : path;
  const rejected = new NdjsonFile(`${base}.rejected.ndjson`);
  const report = new NdjsonFile(userPath(reportPath ?? `${base}.differences.ndjson`));
  const plan = {
    contract,
    privacy,
    window,
    database,
    backfillId: 'reconcile',
    created: new CreatedRange(),
    repair,
    timesAreRight,
    shifts: new TimeShifts(topic),
    stopped,
    report: (difference: Difference) => report.write(difference),
    reject: (line: DumpLine, rejection: Rejection) => rejected.write(rejectedLine(line, rejection)),
    progress: (read: number) => shown.update(read),
  };
  const counts = newCounts();
  const details = {
    file: shortName(path),
    topic: contract.topic,
    as_of: new Date(window.asOf / 1000),
    repair,
  };
  let finished = false;
  try {
    finished = await reconcile(plan, pages, counts);
  } finally {
    shown.end({ finished });
    report.close();
    rejected.close();
    // What a run that failed has repaired is repaired.
    const action = { actor: as, action: 'reconcile', details, result: { finished, ...counts } };
    await recordAction(database, action).catch((error) => console.error(describeFailure(error)));
  }
  const differences =
    counts.missing + counts.extra + counts.older_here + counts.newer_here + counts.different_at_same_version;
  const left = differences - counts.repaired + counts.rejected;
  const shifts = plan.shifts.found();
  for (const shift of shifts) console.error(shiftText(sayerOf(lang), path, shift));
  const shifted = shifts.map(({ field, offset }) => `${field} ${offset}`).join(', ');
  return {
    file: shortName(path),
    finished,
    ...counts,
    left,
    ...(shifts.length > 0 && { time_shifts: shifted }),
    ...(await compareAgain(database, topic, plan.created)),
    report: report.path,
  };
}

function shiftText(say: Say, path: string, { field, offset, rows, compared }: TimeShift): string {
  const values = { file: shortName(path), field, clock: offset.slice(1), rows, compared };
  return offset.startsWith('-') ? say('timesEarlier', values) : say('timesLater', values);
}

function comparedRows(counts: Readonly<Record<(typeof COMPARED)[number], number>>): number {
  return COMPARED.reduce((sum, name) => sum + counts[name], 0);
}

const COMPARED = [
  'same',
  'since_changed',
  'missing',
  'extra',
  'older_here',
  'newer_here',
  'different_at_same_version',
] as const;
