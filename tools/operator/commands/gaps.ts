import { Command } from 'commander';
import { askForReplay, waitForReplay } from '../../target/replayQueue.ts';
import { operatorName, type Target, withTarget } from '../../target/target.ts';
import { confirmElsewhere } from '../../target/targetLine.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { writeRows } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import { type Gap, readGaps } from '../queries/readGaps.ts';
import { readLost } from '../queries/readLost.ts';
import { gapsAhead } from './gapsAhead.ts';

interface Options {
  repair?: boolean;
  lost?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  wide?: boolean;
  as?: string;
  json?: boolean;
}

const NONE =
  'No event was skipped: every sequence number that the hubs delivered is processed, or known as lost.';

export function gapsCommand(): Command {
  return new Command('gaps')
    .description('Events that the broker delivered past us: by number, and how to get them.')
    .option('--repair', 'read exactly these events from the hub again')
    .option('--dry-run', 'with --repair: only say what the hub still has')
    .option('--yes', 'with --repair: do not ask where that is another machine')
    .option('--lost', 'list the numbers that the hub no longer had, instead of the gaps')
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .option('--wide', 'as wide as it gets')
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `
Examples:
  npm run cli -- gaps
  npm run cli -- gaps --repair
Exit code 1 where gaps are left. What the hub no longer has becomes lost, and is no gap then.`,
    )
    .action(({ json = false, wide = false, ...options }: Options) =>
      withTarget(async (target) => {
        if (options.dryRun && !options.repair)
          throw new Complaint('--dry-run says what --repair would do: add it.');
        if (options.lost && options.repair) throw new Complaint('--lost and --repair are two commands.');
        if (options.lost) {
          writeRows(await readLost(target.database), { json, wide, empty: 'No event is known to be lost.' });
          return;
        }
        const gaps = await allGaps(target);
        if (!options.repair || gaps.length === 0) {
          writeRows(gaps, { json, wide, empty: NONE });
          if (gaps.length > 0) process.exitCode = EXIT.left;
          return;
        }
        if (!options.dryRun) {
          const what = `read ${gaps.length} gaps again, and store what they hold`;
          await confirmElsewhere(target.settings, what, options.yes);
        }
        const repaired = await repair(target, gaps, options);
        if (repaired === undefined) return;
        writeRows(repaired, { json, wide, empty: NONE });
        if ((await allGaps(target)).length > 0) process.exitCode = EXIT.left;
      }),
    );
}

async function allGaps(target: Target): Promise<Gap[]> {
  return [...(await readGaps(target.database)), ...(await gapsAhead(target))];
}

/** One request a gap; `undefined` where Ctrl-C came first. */
async function repair(
  target: Target,
  gaps: readonly Gap[],
  { as = operatorName(), dryRun = false }: Omit<Options, 'json'>,
) {
  const stopped = untilStopped();
  const results = [];
  const read = Object.values(target.settings.topics);
  for (const [index, { topic, partition, from, to }] of gaps.entries()) {
    if (!read.includes(topic)) {
      console.error(
        `${topic} is no topic of these settings: its gaps are left. LEDGER_TOPIC and the like name the topics.`,
      );
      continue;
    }
    const gap = { topic, partition, from, to };
    console.error(
      `Gap ${index + 1} of ${gaps.length}: ${topic}, partition ${partition}, ${from} to ${to} ...`,
    );
    const requestId = await askForReplay(target, { select: { gap }, dry_run: dryRun, requested_by: as });
    const result = await waitForReplay(target, requestId, stopped, () => {});
    if (result === undefined) {
      console.error(
        `Stopped waiting; request ${requestId} goes on. Run it again for the gaps that are left.`,
      );
      process.exitCode = EXIT.stopped;
      return undefined;
    }
    console.error(`Gap ${index + 1} of ${gaps.length}: done.`);
    results.push({ ...gap, stored: result.resolved, dead_lettered: result.rejected, lost: result.lost });
  }
  return results;
}
