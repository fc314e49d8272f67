import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzurite } from '../../../tools/local/processes/azurite.ts';

/** An Azurite for the test files that start hosts without the rest of a local cloud. */
export async function setup(): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'backoffice-sync-test-azurite-'));
  const azurite = await startAzurite({ directory, blobPort: 0, queuePort: 0, tablePort: 0 });
  // Test files are processes that inherit it.
  process.env['TEST_STORAGE_CONNECTION_STRING'] = azurite.connectionString;
  return async () => {
    await azurite.stop();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
}
