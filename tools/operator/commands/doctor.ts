import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { SettingsError } from '../../../shared/settings/settings.ts';
import { withTarget } from '../../target/target.ts';
import { isElsewhere } from '../../target/targetLine.ts';
import { EXIT } from '../../terminal/exit.ts';
import { padded } from '../../terminal/output.ts';
import { userPath } from '../../terminal/userPath.ts';
import { type Language, sayer, TEXTS } from '../../texts/texts.ts';
import { type Finding, type SayFinding, wrong } from '../doctor/check.ts';
import { checkDatabase } from '../doctor/database.ts';
import { checkHostSettings } from '../doctor/hostSettings.ts';
import { checkHubs } from '../doctor/hubs.ts';
import { checkKeys } from '../doctor/keys.ts';
import { checkQueue } from '../doctor/queue.ts';
import { checkSchemas } from '../doctor/schemas.ts';
import { languageOption } from './language.ts';

const HOST_JSON = fileURLToPath(new URL('../../../host.json', import.meta.url));

interface Options {
  readonly package: string;
  readonly lang: Language;
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
    .addOption(languageOption('of what is found; what other programs say stays in English'))
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `
Reads only, and takes a few seconds, also where parts are away. The first thing to do on a bad day.
Exit code 0 all is right, 1 something is wrong.`,
    )
    .action(({ package: zip, lang, json = false }: Options) =>
      examine(userPath(zip), { language: json ? 'en' : lang, json }),
    );
}

async function examine(
  zip: string,
  { language, json }: { readonly language: Language; readonly json: boolean },
): Promise<void> {
  const say = sayer(TEXTS[language].doctor);
  const findings = await allFindings(zip, say).catch((error) => {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map((problem) => wrong('settings', problem, say('settingsTodo')));
  });
  if (json) console.log(JSON.stringify(findings));
  else for (const finding of findings) console.log(lineOf(finding, language, say));
  const wrongs = findings.filter(({ state }) => state === 'wrong').length;
  if (!json) console.log(`\n${wrongs === 0 ? say('allRight') : say('wrongs', { count: wrongs })}`);
  if (wrongs > 0) process.exitCode = EXIT.left;
}

function allFindings(zip: string, say: SayFinding): Promise<Finding[]> {
  return withTarget(async ({ settings, database }) => {
    // First: what the others load takes a small machine's time, and a connection has seconds.
    const ofDatabase = await checkDatabase(database, { zip, isElsewhere: isElsewhere(settings) }, say);
    const others = await Promise.all([
      checkHubs(settings, database, say),
      checkQueue(settings, say),
      checkKeys(settings, say),
      checkSchemas(settings, say),
      checkHostSettings(HOST_JSON, process.env, say),
    ]);
    return [...ofDatabase, ...others.flat()];
  });
}

function lineOf({ part, state, says, todo }: Finding, language: Language, say: SayFinding): string {
  const mark = { ok: 'ok   ', wrong: 'WRONG', unknown: '?    ' }[state];
  const name = padded(TEXTS[language].part[part], 14);
  return `${mark}  ${name}  ${says}${todo === undefined ? '' : `. ${say('todo', { todo })}`}`;
}
