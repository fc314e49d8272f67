import { Command } from 'commander';
import { askForReplay, waitForReplay } from '../../target/replayQueue.ts';
import { operatorName, type Target, withTarget } from '../../target/target.ts';
import { confirmElsewhere } from '../../target/targetLine.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { writeRows } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import type { Language } from '../../texts/texts.ts';
import { type Gap, readGaps } from '../queries/readGaps.ts';
import { readLost } from '../queries/readLost.ts';
import { gapsAhead } from './gapsAhead.ts';
import { languageOption } from './language.ts';
import { type Say, sayerOf, withNames } from './reportTexts.ts';

interface Options {
  repair?: boolean;
  lost?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  wide?: boolean;
  as?: string;
  lang: Language;
  json?: boolean;
}

export function gapsCommand(): Command {
  return new Command('gaps')
    .description('Events that the broker delivered past us: by number, and how to get them.')
    .option('--repair', 'read exactly these events from the hub again')
    .option('--dry-run', 'with --repair: only say what the hub still has')
    .option('--yes', 'with --repair: do not ask where that is another machine')
    .option('--lost', 'list the numbers that the hub no longer had, instead of the gaps')
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .option('--wide', 'as wide as it gets')
    .addOption(languageOption('of what is said'))
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
        const say = sayerOf(options.lang);
        const write = (rows: readonly object[], empty: string) =>
          writeRows(json ? rows : rows.map((row) => withNames(row, say)), { json, wide, empty });
        if (options.lost) {
          write(await readLost(target.database), say('noLost'));
          return;
        }
        const gaps = await allGaps(target);
        if (!options.repair || gaps.length === 0) {
          write(gaps, say('noGaps'));
          if (gaps.length > 0) process.exitCode = EXIT.left;
          return;
        }
        if (!options.dryRun) {
          const what = `read ${gaps.length} gaps again, and store what they hold`;
          await confirmElsewhere(target.settings, what, options.yes);
        }
        const repaired = await repair(target, gaps, options, say);
        if (repaired === undefined) return;
        write(repaired, say('noGaps'));
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
  say: Say,
) {
  const stopped = untilStopped();
  const results = [];
  const read = Object.values(target.settings.topics);
  for (const [index, { topic, partition, from, to }] of gaps.entries()) {
    if (!read.includes(topic)) {
      console.error(say('foreignGap', { topic }));
      continue;
    }
    const gap = { topic, partition, from, to };
    const place = { index: index + 1, count: gaps.length };
    console.error(say('gapBegun', { ...place, topic, partition, from, to }));
    const requestId = await askForReplay(target, { select: { gap }, dry_run: dryRun, requested_by: as });
    const result = await waitForReplay(target, requestId, stopped, () => {});
    if (result === undefined) {
      console.error(say('gapsStopped', { request: requestId }));
      process.exitCode = EXIT.stopped;
      return undefined;
    }
    console.error(say('gapDone', place));
    results.push({ ...gap, stored: result.resolved, dead_lettered: result.rejected, lost: result.lost });
  }
  return results;
}
