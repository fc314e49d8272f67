import { Command } from 'commander';
import { CheckpointError } from '../../shared/checkpoints/hostCheckpoints.ts';
import { HubError } from '../../shared/replay/hubReader.ts';
import { SettingsError } from '../../shared/settings/settings.ts';
import { describeFailure } from '../../shared/store/describeFailure.ts';
import { QueueError } from '../target/queueError.ts';
import { Complaint, EXIT } from '../terminal/exit.ts';
import { DumpError } from './dump/dumpError.ts';

/** A command is loaded when it is used: what the others need takes seconds to load on a small machine. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['doctor', async () => (await import('./commands/doctor.ts')).doctorCommand()],
  ['explain', async () => (await import('./commands/explain.ts')).explainCommand()],
  ['view', async () => (await import('./commands/view.ts')).viewCommand()],
  ['find', async () => (await import('./commands/find.ts')).findCommand()],
  ['settlement', async () => (await import('./commands/settlement.ts')).settlementCommand()],
  ['windows', async () => (await import('./commands/windows.ts')).windowsCommand()],
  ['replay', async () => (await import('./commands/replay.ts')).replayCommand()],
  ['user-token', async () => (await import('./commands/userToken.ts')).userTokenCommand()],
  ['gaps', async () => (await import('./commands/gaps.ts')).gapsCommand()],
  ['checkpoint', async () => (await import('./commands/checkpoint.ts')).checkpointCommand()],
  ['backfill', async () => (await import('./commands/backfill.ts')).backfillCommand()],
  ['reconcile', async () => (await import('./commands/reconcile.ts')).reconcileCommand()],
  ['topic-check', async () => (await import('./commands/topicCheck.ts')).topicCheckCommand()],
  ['publish', async () => (await import('./commands/publish.ts')).publishCommand()],
  ['e2e', async () => (await import('./commands/e2e.ts')).e2eCommand()],
  ['gate', async () => (await import('./commands/gate.ts')).gateCommand()],
]);

const program = new Command('npm run cli --')
  .description(
    'What an operator does: replay dead letters, fill gaps, load and compare dumps, test and promote.',
  )
  .addHelpText(
    'after',
    `
Settings are those of the functions (README): DATABASE_URL or PGHOST and DATABASE_AUTH=entra, EventHubs,
AzureWebJobsStorage. With none of them set, it works on the local cloud that npm start or npm run local:backends runs.
\`npm run --silent cli -- ... --json\` writes nothing but JSON to stdout.
The first line on stderr says what is worked on. What writes outside of this machine asks; --yes answers.
Exit codes: 0 done, 1 something is left to do (the output says what), 2 wrong use or settings, 3 a service failed,
4 there is no such id, 130 stopped by Ctrl-C; what was begun goes on or can be begun again.`,
  );

const MOST_USED = `What people do most:
  npm run cli -- doctor                       is everything all right? each part, and what to do
  npm run cli -- explain ID                   what became of a transaction, an order, a wallet, a dead letter
  npm run cli -- view                         state and dead letters in a browser, to look at, try and replay
  npm run cli -- replay run --error REASON    bring dead letters in again; --dry-run only says what would come of it
  npm run cli -- gaps --repair                read again what the broker delivered past us
All commands: npm run cli -- --help`;
if (process.argv.length <= 2) {
  console.log(MOST_USED);
  process.exit(EXIT.usage);
}

const named = COMMANDS.get(process.argv[2] ?? '');
for (const load of named === undefined ? COMMANDS.values() : [named]) program.addCommand(await load());
throwInsteadOfExit(program);

try {
  process.exitCode = EXIT.done;
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// Clients of hubs have timers for ten seconds after they were closed. What was written is out: pipes and files are synchronous.
process.exit();

/** commander ends the process with its own codes otherwise; commands that are added do not inherit it. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help shows what there is)');
  command.commands.forEach(throwInsteadOfExit);
}

function report(error: unknown): number {
  const { code, exitCode, message } = error as { code?: unknown; exitCode?: number; message: string };
  // commander has said what is wrong already, or has shown its help.
  if (typeof code === 'string' && code.startsWith('commander.'))
    return exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof SettingsError || error instanceof Complaint || error instanceof DumpError) {
    console.error(message);
  } else if (error instanceof HubError || error instanceof QueueError || error instanceof CheckpointError) {
    console.error(message);
    return EXIT.service;
  } else if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
    console.error(`A file can't be used: ${message}`);
  else {
    console.error(describeFailure(error));
    return EXIT.service;
  }
  return EXIT.usage;
}
