import { Command } from 'commander';
import { databaseConnection } from '../../shared/settings/databaseConnection.ts';
import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';
import { MigrationRefused, migrate } from './migrate.ts';

// `npm run migrate [-- URL]`: brings a database to this release, as its owner.

const program = new Command('npm run migrate --')
  .description(
    "Brings a database to this release, as its owner: runs the migrations that it lacks and installs this release's functions, " +
      'in one transaction. Safe while the previous release runs, and to repeat.',
  )
  .argument(
    '[url]',
    'postgresql://OWNER:PASSWORD@HOST:PORT/DATABASE; without it, DATABASE_URL, or PGHOST, PGDATABASE and PGUSER with ' +
      'DATABASE_AUTH=entra: an Entra administrator of the server, by a token of whoever is signed in',
  )
  .option('--replace', 'replace other functions that are installed under the number of this release')
  .addHelpText('after', '\nExit codes: 0 done, 1 it failed and nothing was changed, 2 wrong use or settings.')
  .parse();

const [url] = program.args;
const problems: string[] = [];
const connection = url ?? databaseConnection(process.env, (problem) => problems.push(problem));
if (problems.length > 0) {
  console.error(`There is no database to migrate.\n${problems.map((line) => `  - ${line}`).join('\n')}`);
  process.exit(2);
}
try {
  const done = await migrate(connection, { replace: program.opts<{ replace?: true }>().replace ?? false });
  const lines = [
    ...done.migrations.map((name) => `Ran ${name}.`),
    ...(done.installed ? [`Installed the functions of this release: ${FUNCTIONS_SCHEMA}.`] : []),
    ...done.dropped.map((schema) => `Dropped the functions of an older release: ${schema}.`),
  ];
  console.log(lines.length === 0 ? `The database is current (${FUNCTIONS_SCHEMA}).` : lines.join('\n'));
} catch (error) {
  const message = (error as Error).message;
  console.error(
    error instanceof MigrationRefused ? message : `It failed, and nothing was changed: ${message}`,
  );
  process.exitCode = error instanceof MigrationRefused ? 2 : 1;
}
