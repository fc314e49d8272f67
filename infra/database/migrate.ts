import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';

const migrations = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings a database to the current schema: runs the numbered SQL files that it has not run yet, in order, in one
 * transaction. Waits for another process that is doing the same. Returns the names of the files that ran.
 *
 * @param connection of a role that may create schemas and roles: the owner, not the role of the functions.
 */
export async function migrate(connection: string | pg.ClientConfig): Promise<string[]> {
  const ran = await runner({
    databaseUrl: connection,
    dir: migrations,
    direction: 'up',
    migrationsSchema: 'sync',
    createMigrationsSchema: true,
    migrationsTable: 'migrations',
    advisoryLockMode: 'wait',
    logger: quiet,
  });
  return ran.map((migration) => migration.name);
}

/** The runner narrates every statement; what ran is returned, and what failed is thrown. */
const quiet = {
  info: () => {},
  warn: (message: string) => console.warn(message),
  error: (message: string) => console.error(message),
};
