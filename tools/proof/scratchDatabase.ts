import type pg from 'pg';
import { migrate } from '../../infra/database/migrate.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { withClient } from '../target/withClient.ts';

const TEMPLATE = 'migrated_template';
/** One process at a time makes the template, or copies it: PostgreSQL refuses a template that is in use. */
const TEMPLATE_LOCK = 20_261_122;

let databases = 0;

/** A database with the current schema that somebody throws away. */
export interface ScratchDatabase {
  readonly pool: pg.Pool;
  readonly url: string;
  /** The rows of a query, values as text. */
  rows(sql: string, values?: unknown[]): Promise<Record<string, string | null>[]>;
  /** Ends its connections and deletes it. */
  drop(): Promise<void>;
}

/**
 * Makes a database as a copy of a migrated template, which the first call on a server makes.
 *
 * @param server URL of a superuser.
 */
export async function createScratchDatabase(server: string): Promise<ScratchDatabase> {
  const name = `scratch_${process.pid}_${++databases}`;
  await withClient(server, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [TEMPLATE]);
    if (found.rowCount === 0) {
      await client.query(`CREATE DATABASE ${TEMPLATE}`);
      await migrate(withDatabase(server, TEMPLATE));
    }
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  });
  const url = withDatabase(server, name);
  const pool = openDatabase({
    connection: { connectionString: url },
    poolSize: 8,
    onIdleError: () => {},
  });
  return {
    pool,
    url,
    async rows(sql, values = []) {
      const asText = { getTypeParser: () => (value: string | Buffer) => String(value) };
      const result = await pool.query({ text: sql, values, types: asText });
      return result.rows as Record<string, string | null>[];
    },
    async drop() {
      await pool.end();
      await withClient(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
