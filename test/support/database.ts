import type { TestContext } from 'node:test';
import { createScratchDatabase, type ScratchDatabase } from '../../tools/proof/scratchDatabase.ts';

export type TestDatabase = ScratchDatabase;

/** A database of its own for a test (or a file), with the current schema; dropped afterwards. */
export async function testDatabase(
  t: TestContext | { after(step: () => Promise<void>): void },
): Promise<TestDatabase> {
  const url = process.env['TEST_POSTGRES_URL'];
  if (!url) throw new Error('These tests need a PostgreSQL: run them with `npm test -- FILE`.');
  const database = await createScratchDatabase(url);
  t.after(() => database.drop());
  return database;
}
