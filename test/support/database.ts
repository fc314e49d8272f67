import type { TestContext } from 'node:test';
import type pg from 'pg';
import { migrate } from '../../infra/database/migrate.ts';
import { withClient } from '../../local/withClient.ts';
import { openDatabase } from '../../shared/store/database.ts';

const TEMPLATE = 'migrated_template';
/** One test file at a time makes the template, or copies it: PostgreSQL refuses a template that is in use. */
const TEMPLATE_LOCK = 20_261_122;

let databases = 0;

export interface TestDatabase {
  readonly pool: pg.Pool;
  readonly url: string;
  /** The rows of a query, values as text. */
  rows(sql: string, values?: unknown[]): Promise<Record<string, string | null>[]>;
}

/** A database of its own for a test (or a file), with the current schema; dropped afterwards. */
export async function testDatabase(
  t: TestContext | { after(step: () => Promise<void>): void },
): Promise<TestDatabase> {
  const server = serverUrl();
  const name = `test_${process.pid}_${++databases}`;
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
  t.after(async () => {
    await pool.end();
    await withClient(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  });
  return {
    pool,
    url,
    async rows(sql, values = []) {
      const asText = { getTypeParser: () => (value: string | Buffer) => String(value) };
      const result = await pool.query({ text: sql, values, types: asText });
      return result.rows as Record<string, string | null>[];
    },
  };
}

function serverUrl(): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url) return url;
  throw new Error('These tests need a PostgreSQL: run them with `npm test -- FILE`.');
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
