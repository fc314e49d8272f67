import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { DEFAULT_SETTLEMENT_RULES } from '../../shared/contracts/settlementRules.ts';
import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';
import { writeSettlementRules } from '../../shared/store/settlement/writeRules.ts';
import { functionSources } from './functionSources.ts';
import { functionsFingerprint } from './thisRelease.ts';

const MIGRATIONS = join(import.meta.dirname, 'migrations');
/** One at a time, over all processes. */
const LOCK = 20_261_127;
/** The release that is installed and the one before it, which may still run. */
const KEPT_RELEASES = 2;

export interface MigrationResult {
  /** Names of the migrations that ran. */
  readonly migrations: readonly string[];
  /** Whether the functions of this release were installed: not where they were there already. */
  readonly installed: boolean;
  /** Schemas of older releases that were dropped. */
  readonly dropped: readonly string[];
}

export interface MigrationOptions {
  /**
   * Replace the functions of this release where others are installed under its number: for a database that only a
   * developer uses. A host that calls them meanwhile fails, and tries again.
   */
  readonly replace?: boolean;
}

/** What an operator has to change: shown as it is. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

/**
 * Brings a database to this release: runs the migrations that it has not run yet, in order, and installs the functions of
 * this release, all in one transaction. Waits for another process that is doing the same.
 *
 * @param connection of a role that may create schemas and roles: the owner, not the role of the functions.
 * @throws where something failed: then nothing was changed.
 */
export async function migrate(
  connection: string | pg.ClientConfig,
  { replace = false }: MigrationOptions = {},
): Promise<MigrationResult> {
  const client = new pg.Client(connection);
  // A connection that is lost fails its statement.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await refuseOldBaseline(client);
    await client.query('BEGIN');
    const migrations = await runMigrations(client);
    // Until an app with a profile has been there: its timer writes what that says.
    await writeSettlementRules(client, DEFAULT_SETTLEMENT_RULES, { onlyFirst: true });
    const { installed, dropped } = await installFunctions(client, replace);
    await client.query('COMMIT');
    return { migrations, installed, dropped };
  } finally {
    // What is open is rolled back, and the lock goes with the session.
    await client.end();
  }
}

/** A database that was made before there was a release has other migrations under the same numbers. */
async function refuseOldBaseline(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('sync.migrations') IS NOT NULL AS there",
  );
  if (!rows[0]!.there) return;
  const { rowCount } = await client.query("SELECT FROM sync.migrations WHERE name = '0001_serving_tables'");
  if (rowCount === 0) return;
  throw new MigrationRefused(
    'This database was made by an unreleased version whose migrations are gone. It can not be brought to this one: ' +
      'make it anew (the local cloud: npm run local:reset).',
  );
}

async function runMigrations(client: pg.Client): Promise<string[]> {
  const ran = await runner({
    dbClient: client,
    dir: MIGRATIONS,
    direction: 'up',
    migrationsSchema: 'sync',
    createMigrationsSchema: true,
    migrationsTable: 'migrations',
    // Ours, around it and the functions.
    noLock: true,
    singleTransaction: false,
    migrationLoaderStrategies: [{ extensions: ['.sql'], loader: (files) => Promise.all(files.map(load)) }],
    logger: quiet,
  });
  return ran.map(({ name }) => name);
}

/** A migration as it stands in its file, without a transaction of its own: the caller has one open. */
async function load(file: string) {
  const text = await readFile(file, 'utf8');
  return {
    id: file,
    filePaths: [file],
    actions: {
      up: (builder: { noTransaction(): void; sql(text: string): void }) => {
        builder.noTransaction();
        builder.sql(text);
      },
      down: false as const,
    },
  };
}

/** The runner narrates every statement; what ran is returned, and what failed is thrown. */
const quiet = {
  info: () => {},
  // That a migration has no transaction of its own.
  warn: () => {},
  error: (message: string) => console.error(message),
};

async function installFunctions(
  client: pg.Client,
  replace: boolean,
): Promise<{ installed: boolean; dropped: string[] }> {
  const sha256 = functionsFingerprint();
  const found = await client.query<{ sha256: string }>(
    'SELECT sha256 FROM sync.function_releases WHERE schema = $1',
    [FUNCTIONS_SCHEMA],
  );
  const there = found.rows[0]?.sha256;
  if (there === sha256) return { installed: false, dropped: [] };
  if (there !== undefined && !replace) {
    throw new MigrationRefused(
      `${FUNCTIONS_SCHEMA} is installed with other functions than these. A release that changes a function has a number of ` +
        'its own (shared/store/release.ts), so that the one that runs keeps its functions. On a database that nobody else ' +
        'uses: --replace.',
    );
  }
  const schema = client.escapeIdentifier(FUNCTIONS_SCHEMA);
  if (there !== undefined) await client.query(`DROP SCHEMA ${schema} CASCADE`);
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(functionSources());
  await client.query(
    `INSERT INTO sync.function_releases (schema, sha256) VALUES ($1, $2)
     ON CONFLICT (schema) DO UPDATE SET sha256 = excluded.sha256, installed_at = clock_timestamp()`,
    [FUNCTIONS_SCHEMA, sha256],
  );
  return { installed: true, dropped: await dropOldReleases(client) };
}

async function dropOldReleases(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ schema: string }>(
    `DELETE FROM sync.function_releases WHERE schema IN (
       SELECT schema FROM sync.function_releases ORDER BY installed_at DESC OFFSET $1)
     RETURNING schema`,
    [KEPT_RELEASES],
  );
  for (const { schema } of rows) {
    await client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(schema)} CASCADE`);
  }
  return rows.map(({ schema }) => schema);
}
