import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpSchema } from '../../infra/database/dumpSchema.ts';
import { migrate } from '../../infra/database/migrate.ts';
import { withClient } from '../target/withClient.ts';
import { startPostgres } from './processes/postgres.ts';

// `npm run schema:dump`: migrates an empty PostgreSQL of its own and writes infra/database/schema.txt.
const directory = mkdtempSync(join(tmpdir(), 'schema-dump-'));
const postgres = await startPostgres({ directory, port: 0 });
try {
  const url = postgres.url('postgres');
  await migrate(url);
  const schema = await withClient(url, dumpSchema);
  await writeFile(new URL('../../infra/database/schema.txt', import.meta.url), schema);
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
