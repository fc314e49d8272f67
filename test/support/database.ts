import { createScratchDatabase, type ScratchDatabase } from '../../tools/proof/scratchDatabase.ts';

export type TestDatabase = ScratchDatabase;

/** A database of its own for a test (or a file), with the current schema; dropped afterwards. */
export async function testDatabase(t: {
  onTestFinished(step: () => Promise<void>): void;
}): Promise<TestDatabase> {
  const url = process.env['TEST_POSTGRES_URL'];
  if (!url) throw new Error('This project has no PostgreSQL: see vitest.config.ts.');
  const database = await createScratchDatabase(url);
  t.onTestFinished(() => database.drop());
  return database;
}
