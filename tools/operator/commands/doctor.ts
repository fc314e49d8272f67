import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { SettingsError } from '../../../shared/settings/settings.ts';
import { withTarget } from '../../target/target.ts';
import { isElsewhere } from '../../target/targetLine.ts';
import { EXIT } from '../../terminal/exit.ts';
import { userPath } from '../../terminal/userPath.ts';
import { type Finding, wrong } from '../doctor/check.ts';
import { checkDatabase } from '../doctor/database.ts';
import { checkHostSettings } from '../doctor/hostSettings.ts';
import { checkHubs } from '../doctor/hubs.ts';
import { checkKeys } from '../doctor/keys.ts';
import { checkQueue } from '../doctor/queue.ts';
import { checkSchemas } from '../doctor/schemas.ts';

const HOST_JSON = fileURLToPath(new URL('../../../host.json', import.meta.url));

interface Options {
  readonly package: string;
  readonly json?: boolean;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Everything that the product needs: what is all right, what is not, and what to do.')
    .option(
      '--package <zip>',
      'made by npm run package, to compare with what runs',
      'build/backoffice-sync.zip',
    )
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `
Reads only, and takes a few seconds, also where parts are away. The first thing to do on a bad day.
Exit code 0 all is right, 1 something is wrong.`,
    )
    .action(({ package: zip, json = false }: Options) => examine(userPath(zip), json));
}

async function examine(zip: string, json: boolean): Promise<void> {
  const findings = await allFindings(zip).catch((error) => {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map((problem) =>
      wrong('settings', problem, 'README, Settings, says what it has to be.'),
    );
  });
  if (json) console.log(JSON.stringify(findings));
  else for (const finding of findings) console.log(lineOf(finding));
  const wrongs = findings.filter(({ state }) => state === 'wrong').length;
  if (!json) console.log(wrongs === 0 ? '\nAll is right.' : `\n${wrongs} wrong.`);
  if (wrongs > 0) process.exitCode = EXIT.left;
}

function allFindings(zip: string): Promise<Finding[]> {
  return withTarget(async ({ settings, database }) => {
    // First: what the others load takes a small machine's time, and a connection has seconds.
    const ofDatabase = await checkDatabase(database, { zip, isElsewhere: isElsewhere(settings) });
    const others = await Promise.all([
      checkHubs(settings, database),
      checkQueue(settings),
      checkKeys(settings),
      checkSchemas(settings),
      checkHostSettings(HOST_JSON, process.env),
    ]);
    return [...ofDatabase, ...others.flat()];
  });
}

function lineOf({ part, state, says, todo }: Finding): string {
  const mark = { ok: 'ok   ', wrong: 'WRONG', unknown: '?    ' }[state];
  return `${mark}  ${part.padEnd(14)}  ${says}${todo === undefined ? '' : `. To do: ${todo}`}`;
}
