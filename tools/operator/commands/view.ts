import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { describeFailure } from '../../../shared/store/describeFailure.ts';
import { operatorName, withTarget } from '../../target/target.ts';
import { Complaint } from '../../terminal/exit.ts';
import { wholeNumber } from '../../terminal/options.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import type { Language } from '../../texts/texts.ts';
import { TimerFollower } from '../../view/followTimer.ts';
import { LiveView } from '../../view/liveView.ts';
import { languageOption } from './language.ts';

interface Options {
  readonly port: number;
  readonly lang: Language;
  readonly as: string;
}

/** Beside the view of npm start. */
const PORT = 7081;
const LOOKS_EVERY_MS = 2000;

export function viewCommand(): Command {
  return new Command('view')
    .description(
      'The state of the sync and its dead letters in a browser, with these settings and this identity.',
    )
    .option('--port <n>', 'on 127.0.0.1', wholeNumber(1), PORT)
    .addOption(languageOption('in which it begins; the page has a switch'))
    .option(
      '--as <name>',
      'who works with it, for the audit log (default: the user of this machine)',
      operatorName(),
    )
    .addHelpText(
      'after',
      `
It listens on this machine only, and answers its own page only. Outside of the local cloud, open the address as it is printed: it
holds a token, without which nobody else on this machine gets an answer.
Charts begin when it starts: it reads database and hubs each time that the timer has sent its metrics. Ctrl-C ends it.`,
    )
    .action((options: Options) => view(options));
}

function view({ port, lang, as }: Options): Promise<void> {
  const stopped = untilStopped();
  return withTarget(async (target) => {
    const follower = new TimerFollower(target);
    const options = { port, setting: '--port', language: lang, takesMetrics: false, actor: as };
    const live = await LiveView.start(options).catch((error: Error) => {
      throw new Complaint(error.message);
    });
    live.connect(target);
    console.log(`Live view    ${live.addressToOpen}`);
    let said: string | undefined;
    while (!stopped.aborted) {
      // The page says so too; what is away may come back.
      const failure = await follower.rows().then(
        (rows) => live.add(rows),
        (error: unknown) => describeFailure(error),
      );
      if (typeof failure === 'string' && failure !== said) console.error(failure);
      said = failure ?? undefined;
      await delay(LOOKS_EVERY_MS, undefined, { signal: stopped }).catch(() => undefined);
    }
    await Promise.all([live.stop(), follower.close()]);
  });
}
