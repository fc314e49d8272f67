import { Command, InvalidArgumentError } from 'commander';
import pg from 'pg';
import { databaseConnection } from '../../shared/settings/databaseConnection.ts';
import { type EntraPrincipal, mapEntraPrincipals } from './entraPrincipals.ts';

// `npm run database:principals -- --sync NAME=OBJECT_ID ...`: logins of the database for Entra principals. Never run against
// Azure yet: its functions are stood in for in the tests.
const principals: EntraPrincipal[] = [];
const add = (type: EntraPrincipal['type'], role: EntraPrincipal['role']) => (text: string) => {
  const [, name, objectId] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (!name || !objectId) throw new InvalidArgumentError('It must be NAME=OBJECT_ID.');
  principals.push({ name, objectId, type, role });
};
const program = new Command('database:principals')
  .description(
    'Makes logins of the database for Entra principals. Connects as an Entra administrator of the server: DATABASE_AUTH=entra, ' +
      'PGHOST, and PGUSER, its name as the server knows it. Safe to run again.',
  )
  .option('--sync <name=id>', "the Function App's managed identity (bo_sync)", add('service', 'bo_sync'))
  .option(
    '--admin-read <name=id>',
    "the Admin API's identity (bo_admin_read)",
    add('service', 'bo_admin_read'),
  )
  .option(
    '--operators <name=id>',
    'a group that runs the command line (bo_operator)',
    add('group', 'bo_operator'),
  )
  .option('--operator-service <name=id>', 'a pipeline that does (bo_operator)', add('service', 'bo_operator'))
  .parse();
if (principals.length === 0) program.help({ error: true });

const problems: string[] = [];
// The functions of Azure are in this database only.
const environment = { ...process.env, PGDATABASE: 'postgres' };
const connection = databaseConnection(environment, (problem) => problems.push(problem));
if (problems.length > 0) program.error(problems.join('\n'));

const client = new pg.Client(connection);
try {
  await client.connect();
  const done = await mapEntraPrincipals(client, principals);
  console.log(done.length === 0 ? 'All logins are as they should be.' : done.join('\n'));
} catch (error) {
  console.error(`Nothing was changed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await client.end();
}
