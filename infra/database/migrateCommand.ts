import { databaseConnection } from '../../shared/settings/databaseConnection.ts';
import { migrate } from './migrate.ts';

// `npm run migrate [-- URL]`: brings a database to this release's schema, as its owner. Without a URL, as DATABASE_URL says, or
// PGHOST, PGDATABASE and PGUSER with DATABASE_AUTH=entra: an Entra administrator of the server, by a token of whoever is signed in.
const [url] = process.argv.slice(2);
const problems: string[] = [];
const connection = url ?? databaseConnection(process.env, (problem) => problems.push(problem));
if (url === '--help' || problems.length > 0) {
  console.error(
    `Usage: npm run migrate [-- postgresql://OWNER:PASSWORD@HOST:PORT/DATABASE]\n${problems.join('\n')}`,
  );
  process.exit(problems.length > 0 ? 2 : 0);
}
try {
  const ran = await migrate(connection);
  console.log(ran.length === 0 ? 'The schema is current.' : `Ran ${ran.join(', ')}.`);
} catch (error) {
  console.error(`The migration failed, and nothing was changed: ${(error as Error).message}`);
  process.exitCode = 1;
}
