import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDatabase } from '../../../tools/local/cloud.ts';
import { startPostgres } from '../../../tools/local/processes/postgres.ts';

/**
 * The state directory of a local cloud that has started once: each cloud of a test begins with a copy of it, which saves
 * it the making of a PostgreSQL and the migrations. Two projects ask for it: the first one makes it.
 */
export async function setup(): Promise<(() => void) | undefined> {
  if (process.env['TEST_LOCAL_STATE'] !== undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'backoffice-sync-test-state-'));
  const postgres = await startPostgres({ directory: join(directory, 'postgres'), port: 0 });
  await prepareDatabase(postgres).finally(() => postgres.stop());
  // Test files are processes that inherit it.
  process.env['TEST_LOCAL_STATE'] = directory;
  return () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
