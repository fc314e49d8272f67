import type { DumpTopic } from '../../../../shared/contracts/fields.ts';
import { ingestRules } from '../../../../shared/ingest/rules.ts';
import type { Target } from '../../../target/target.ts';
import { Complaint } from '../../../terminal/exit.ts';
import { shortName } from '../../../terminal/userPath.ts';
import { openDump } from '../dumpFile.ts';
import type { DumpOptions } from '../dumpLine.ts';
import { checkColumns } from '../dumpRecords.ts';
import { readDump } from '../readDump.ts';
import { tableContract } from '../tableContract.ts';
import { DumpProgress } from './dumpProgress.ts';

/**
 * In a deployment the mode of user ids has to be named: with its default, plain, a load beside an app that makes tokens
 * would store the ids themselves.
 * @throws Complaint
 */
export function checkUserIdMode({ settings }: Target): void {
  // A password that is a function is a token of Entra: a deployment.
  if (typeof settings.database.password !== 'function' || settings.userIdModeIsNamed) return;
  throw new Complaint(
    'USER_ID_MODE is missing: set it, and the keys that go with it, as the Function App has them (npm run cloud:environment ' +
      'shows them), or USER_ID_MODE=plain.',
  );
}

/** Opens a dump of a topic's table: its rows in pages, how they are read, and where its progress is shown. */
export async function openSource(
  { settings, database }: Target,
  topic: DumpTopic,
  path: string,
  { tables, nullText, skipTo }: Pick<DumpOptions, 'tables' | 'nullText' | 'skipTo'>,
) {
  const rules = ingestRules(settings, database, topic);
  const contract = tableContract(rules.contract);
  const file = await openDump(path);
  const pages = readDump(file.chunks, {
    tables,
    nullText,
    skipTo,
    note: (text) => console.error(`${shortName(path)}: ${text}`),
    checkColumns: (columns) => checkColumns(contract, columns),
  });
  const { privacy } = rules;
  return { contract, privacy, pages, shown: new DumpProgress(file, shortName(path)) };
}
