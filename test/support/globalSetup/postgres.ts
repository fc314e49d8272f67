import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../../tools/local/processes/postgres.ts';
import { createScratchDatabase } from '../../../tools/proof/scratchDatabase.ts';

/**
 * A PostgreSQL for all test files of a run, with a migrated template to copy databases from. Several projects ask for it:
 * the first one starts it. Where `TEST_POSTGRES_URL` names one, as in the run of the mutations, that is used.
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['TEST_POSTGRES_URL'] !== undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'backoffice-sync-test-postgres-'));
  // The directory is thrown away: what a killed PostgreSQL had written survives without waiting for a disk.
  const settings = { fsync: 'off', full_page_writes: 'off' };
  const postgres = await startPostgres({ directory, port: 0, settings });
  const url = postgres.url('postgres');
  await (await createScratchDatabase(url)).drop();
  // Test files are processes that inherit it.
  process.env['TEST_POSTGRES_URL'] = url;
  return async () => {
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
}
