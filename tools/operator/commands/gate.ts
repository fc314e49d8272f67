import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { withTarget } from '../../target/target.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { wholeNumber } from '../../terminal/options.ts';
import { writeResult } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';
import { userPath } from '../../terminal/userPath.ts';
import {
  type Candidate,
  identityOf,
  notThePackage,
  readGate,
  readJson,
  recordGate,
  refusals,
  sha256Of,
} from '../gate/gate.ts';
import { packagesRunning } from '../queries/packagesRunning.ts';
import { timerHasRun } from '../queries/timerHasRun.ts';

interface Files {
  package: string;
  template: string;
  commit?: string;
  json?: boolean;
}

interface Record extends Files {
  e2e: string;
  out: string;
  validHours: number;
}

interface Check extends Files {
  gate: string;
}

export function gateCommand(): Command {
  const command = new Command('gate').description(
    'What has passed the end-to-end test may be promoted, and nothing else.',
  );
  ofCandidate(command.command('record').description('after a green e2e: writes what was tested'))
    .requiredOption('--e2e <file>', 'the result that e2e --out has written')
    .option('--out <file>', 'where the gate is written', 'gate.json')
    .option('--valid-hours <n>', 'counted from the end of the test', wholeNumber(1), 72)
    .action((options: Record) => record(options));
  ofCandidate(command.command('check').description('before a promotion: is this what has passed?'))
    .requiredOption('--gate <file>', 'the file that gate record has written')
    .addHelpText('after', '\nExit code 1 where it may not be promoted: every reason is named.')
    .action((options: Check) => check(options));
  command
    .command('running')
    .description(
      'after a publish: waits until the app is this package, its timer has run, and no process of another one is left',
    )
    .addOption(packageOption())
    .addHelpText(
      'after',
      `
Asks the database of the settings, which the app tells every 30 s what it is. The login has to be a member of bo_operator.
Exit code 1 where it is something else after three minutes.`,
    )
    .action((options: Pick<Files, 'package'>) => running(options.package));
  return command;
}

function packageOption(): Option {
  return new Option('--package <zip>', 'made by npm run package').default('build/backoffice-sync.zip');
}

function ofCandidate(command: Command): Command {
  return command
    .addOption(packageOption())
    .option('--template <json>', 'made by npm run template', 'build/main.json')
    .option(
      '--commit <sha>',
      'the commit that both were made from (default: HEAD, of a clean work tree)',
      commit,
    )
    .option('--json', 'write JSON');
}

async function record({ e2e, out, validHours, json = false, ...files }: Record): Promise<void> {
  const gate = recordGate(await readJson(userPath(e2e)), await candidateOf(files), validHours, new Date());
  await writeFile(userPath(out), `${JSON.stringify(gate, null, 2)}\n`);
  writeResult({ ...gate, e2e: gate.e2e.run_id }, { json });
}

async function check({ gate: file, json = false, ...files }: Check): Promise<void> {
  const gate = await readGate(userPath(file));
  const candidate = await candidateOf(files);
  const reasons = refusals(gate, candidate, new Date());
  if (json) writeResult({ promote: reasons.length === 0, refused: reasons }, { json });
  else if (reasons.length === 0)
    console.log(
      `It may be promoted: ${gate.e2e.run_id} has passed in ${gate.e2e.environment.event_hubs}; until ${gate.expires_at}.`,
    );
  for (const reason of json ? [] : reasons) console.log(`REFUSED: ${reason}`);
  if (reasons.length > 0) process.exitCode = EXIT.left;
}

async function candidateOf({ package: zip, template, commit: named }: Files): Promise<Candidate> {
  const [packageSha256, templateSha256] = await Promise.all(
    [zip, template].map((file) => sha256Of(userPath(file))),
  );
  return {
    commit: named ?? (await head()),
    packageSha256: packageSha256!,
    packageIdentity: await identityOf(userPath(zip)),
    templateSha256: templateSha256!,
  };
}

/** Old processes end, and new ones begin, some time after a package was published. */
const RUNS_WITHIN_MS = 180_000;

async function running(zip: string): Promise<void> {
  const identity = await identityOf(userPath(zip));
  await withTarget(async ({ database }) => {
    const stopped = untilStopped();
    const deadline = Date.now() + RUNS_WITHIN_MS;
    for (let said: string | undefined; ; ) {
      const complaint =
        notThePackage(await packagesRunning(database), identity) ??
        ((await timerHasRun(database, identity!)) ? undefined : 'its timer has not run yet.');
      if (complaint === undefined)
        return console.log(`The app runs this package, and nothing else; its timer has run: ${identity}.`);
      if (complaint !== said) console.error(`Waiting: ${complaint}`);
      said = complaint;
      if (stopped.aborted || Date.now() > deadline || identity === undefined) break;
      await delay(2000);
    }
    process.exitCode = stopped.aborted ? EXIT.stopped : EXIT.left;
  });
}

async function head(): Promise<string> {
  const git = async (...words: string[]) => {
    const { stdout } = await promisify(execFile)('git', words, { cwd: userPath('.') }).catch(() => {
      throw new Complaint('This is no git work tree: name the commit with --commit.');
    });
    return stdout.trim();
  };
  if ((await git('status', '--porcelain')) !== '') {
    throw new Complaint(
      'The work tree has changes, or new files, that are not committed: commit them, or name the commit with --commit.',
    );
  }
  return git('rev-parse', 'HEAD');
}

function commit(text: string): string {
  if (!/^[0-9a-f]{40}$/.test(text))
    throw new InvalidArgumentError('It must be a whole commit id of 40 digits.');
  return text;
}
