import { migrate } from '../infra/database/migrate.ts';

// `npm run migrate -- URL`: brings a database to this release's schema. The role must own it.
const [url] = process.argv.slice(2);
if (!url || url === '--help') {
  console.error('Usage: npm run migrate -- postgresql://OWNER:PASSWORD@HOST:PORT/DATABASE');
  process.exit(url ? 0 : 2);
}
try {
  const ran = await migrate(url);
  console.log(ran.length === 0 ? 'The schema is current.' : `Ran ${ran.join(', ')}.`);
} catch (error) {
  console.error(`The migration failed, and nothing was changed: ${(error as Error).message}`);
  process.exitCode = 1;
}
