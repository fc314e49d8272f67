import { Command } from 'commander';
import { namespaceRequired, operatorName, type Target, withTarget } from '../../target/target.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { time, wholeNumber } from '../../terminal/options.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import { type Language, sayer, TEXTS } from '../../texts/texts.ts';
import { askExplain, reportOf } from '../explain/askExplain.ts';
import { historyOf } from '../explain/history.ts';
import { pageOf } from '../explain/page.ts';
import type { SayFacts } from '../explain/sentence.ts';
import { languageOption } from './language.ts';

interface Options {
  readonly events?: boolean;
  readonly since?: string;
  readonly most: number;
  readonly as?: string;
  readonly lang: Language;
  readonly json?: boolean;
}

/** Events that are looked at in a hub: half a minute's work, or so. */
const MOST = 1_000_000;
const REPORT_EVERY_MS = 2000;

export function explainCommand(): Command {
  return new Command('explain')
    .description('What became of an id, and why: an entry, an order, a wallet, a dead letter.')
    .argument('<id>', 'a tx_id, order_id, wallet or dlq_id, exactly; find looks for one by its beginning')
    .option('--events', 'also every event of this key that the hub still holds, each with its verdict')
    .option(
      '--since <time>',
      'with --events: what the hub had then or later (default: since the record is there)',
      time,
    )
    .option('--most <n>', 'with --events: events that are looked at in a hub', wholeNumber(1), MOST)
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .addOption(languageOption('of the report'))
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `
Examples:
  npm run cli -- explain tx-0001
  npm run cli -- explain order-17 --events
User ids are shown to members of the role bo_user_ids only. Each use is written to the audit log, with the place of the
row in its hub, never with the id.
Exit code 4 where nothing has this id.`,
    )
    .action((id: string, options: Options) => withTarget((target) => explain(target, id, options)));
}

async function explain(
  target: Target,
  id: string,
  { events = false, since, most, as = operatorName(), lang, json = false }: Options,
): Promise<void> {
  if (since !== undefined && !events) throw new Complaint('--since says which events: add --events.');
  if (events) namespaceRequired(target.settings.eventHubs);
  const language = json ? 'en' : lang;
  const say = sayer(TEXTS[language].explain);
  const explained = await askExplain(target, id, { actor: as, events, language });
  const { asking, facts, kinds } = explained;
  if (kinds.length === 0) {
    if (json) console.log(JSON.stringify(reportOf(explained, undefined)));
    console.error(say('unknownId'));
    process.exitCode = EXIT.unknown;
    return;
  }
  const stopped = untilStopped();
  const histories = events
    ? await historyOf(asking, facts, {
        since: since === undefined ? undefined : new Date(since),
        most,
        stopped,
        progress: reporter(say),
      })
    : undefined;
  if (histories?.length === 0) {
    console.error(say('noHistory'));
  }
  console.log(json ? JSON.stringify(reportOf(explained, histories)) : pageOf(facts, histories, say));
  if (stopped.aborted) process.exitCode = EXIT.stopped;
}

/** A line now and then, and one at the end of each hub. */
function reporter(say: SayFacts): (topic: string, looked: number, of: number) => void {
  let reportedAt = performance.now();
  return (topic, looked, of) => {
    const isDone = looked === of;
    if (!isDone && performance.now() - reportedAt < REPORT_EVERY_MS) return;
    reportedAt = performance.now();
    const numbers = { topic, looked: looked.toLocaleString('en-US'), of: of.toLocaleString('en-US') };
    console.error(say(isDone ? 'lookedDone' : 'looking', numbers));
  };
}
