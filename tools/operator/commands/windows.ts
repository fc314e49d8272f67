import { Command, Option } from 'commander';
import { withTarget } from '../../target/target.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { wholeNumber } from '../../terminal/options.ts';
import { writeRows } from '../../terminal/output.ts';
import type { Language } from '../../texts/texts.ts';
import { type CountedWindows, countWindows } from '../queries/countWindows.ts';
import { type ListedWindow, listWindows, WINDOW_STATES, type WindowState } from '../queries/listWindows.ts';
import { languageOption } from './language.ts';
import { type Say, sayerOf, withNames } from './reportTexts.ts';

interface Options {
  readonly all?: boolean;
  readonly topic?: string;
  readonly state?: WindowState;
  readonly limit: number;
  readonly wide?: boolean;
  readonly lang: Language;
  readonly json?: boolean;
}

/** Rows are missing, or are others: a load of the window ends it. */
const INCOMPLETE: ReadonlySet<WindowState> = new Set(['short', 'amount_differs', 'content_differs']);

export function windowsCommand(): Command {
  return new Command('windows')
    .description('Windows of time whose rows are not those that the source has counted.')
    .option('--all', 'also those that match, or are not compared yet')
    .option('--topic <hub>', "of this hub's rows")
    .addOption(new Option('--state <state>', 'in this state').choices(WINDOW_STATES))
    .option('--limit <n>', 'at most that many, the latest first', wholeNumber(1), 50)
    .option('--wide', 'as wide as it gets')
    .addOption(languageOption('of what is said'))
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `
Examples:
  npm run cli -- windows
  npm run cli -- windows --topic ledger.entry.upserted --state short --wide
  npm run --silent cli -- windows --all --json
States: short (rows are missing), over (more than the source has), amount_differs, content_differs (the same count and sum,
another state of a row), open (not reached yet, or rows have changed since the total), matched. The timer compares, and
again while a window differs. What to do: docs/runbooks/alerts/source-incomplete.md.
Exit code 1 where a window is short, or its amount or content differs.`,
    )
    .action(({ lang, json = false, wide = false, all = false, limit, topic, state }: Options) =>
      withTarget(async ({ settings, database }) => {
        const say = sayerOf(lang);
        if (settings.topics.control === '') console.error(say('controlOff'));
        const every = await countWindows(database);
        const { ledger, payment_order } = settings.topics;
        const topics = [...new Set([ledger, payment_order, ...every.map((one) => one.topic)])];
        if (topic !== undefined && !topics.includes(topic)) {
          throw new Complaint(`There is no topic ${topic} with windows. The topics: ${topics.join(', ')}.`);
        }
        const selection = { topic: topic ?? null, state: state ?? null, all, most: limit };
        const windows = await listWindows(database, selection);
        const rows = json ? windows : windows.map((window) => withNames(forPeople(window, wide), say));
        const columns = (['topic', 'window', 'state', 'rows'] as const).map((name) => say(name));
        writeRows(rows, { json, wide, empty: say('noWindows'), columns });
        const counted = every.filter(
          (one) =>
            (topic === undefined || one.topic === topic) && (state === undefined || one.state === state),
        );
        for (const line of countLines(counted)) console.error(line);
        if (!counted.some((one) => INCOMPLETE.has(one.state))) return;
        process.exitCode = EXIT.left;
        tellWhatToDo(windows, ledger, say);
      }),
    );
}

/** What was found of what was expected, in one column each; a window in two lines, where it has to be narrow. */
function forPeople(window: ListedWindow, wide: boolean): object {
  return {
    topic: window.topic,
    window: wide ? window.window : window.window.replace('/', '/\n'),
    state: window.state,
    rows: `${window.found_count ?? '?'}/${window.expected_count}`,
    count_difference: window.count_difference,
    amounts: `${window.found_sum ?? '?'}/${window.expected_sum}`,
    sum_difference: window.sum_difference,
    since: window.since?.toISOString(),
    last_compared: window.last_compared?.toISOString(),
  };
}

/** A line a topic: `ledger.entry.upserted: matched 1440, short 2`. */
function countLines(counted: readonly CountedWindows[]): string[] {
  const topics = Map.groupBy(counted, ({ topic }) => topic);
  return [...topics].map(
    ([topic, states]) =>
      `${topic}: ${states.map(({ state, windows: count }) => `${state} ${count}`).join(', ')}`,
  );
}

/** The command that loads the latest one that is incomplete. */
function tellWhatToDo(windows: readonly ListedWindow[], ledger: string, say: Say): void {
  const first = windows.find(({ state }) => INCOMPLETE.has(state));
  const dump = first !== undefined && first.topic !== ledger ? '--orders orders.csv' : '--ledger ledger.csv';
  const window = first?.window ?? 'START/END';
  console.error(say('windowsTodo', { window, dump }));
}
