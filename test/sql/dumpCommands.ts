import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { entry } from '../../tools/proof/exampleEvents.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

// The commands as an operator runs them, on files, against a real PostgreSQL.

export const folder = mkdtempSync(join(tmpdir(), 'dumps-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** After the events of support/events.ts were enqueued. */
export const AS_OF = '2026-11-23T00:00:00Z';

export function start(
  database: TestDatabase,
  words: readonly string[],
  input?: string,
  environment: object = {},
): ChildProcess {
  const asOf = words.includes('--as-of') ? [] : ['--as-of', AS_OF];
  const child = spawn(process.execPath, ['tools/operator/main.ts', ...words, ...asOf, '--json'], {
    env: { ...process.env, DATABASE_URL: operatorUrl(database), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input ?? '');
  return child;
}

export async function cli(
  database: TestDatabase,
  words: readonly string[],
  input?: string,
  environment: object = {},
) {
  const child = start(database, words, input, environment);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  const results = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, results, err };
}

const OPERATOR = { user: `dumps_operator_${process.pid}`, password: 'local' };

/** As a login of the command line's own role: what it may not do fails here as well. */
function operatorUrl({ url }: TestDatabase): string {
  const as = new URL(url);
  as.username = OPERATOR.user;
  as.password = OPERATOR.password;
  return as.href;
}

beforeAll(() =>
  withClient(process.env['TEST_POSTGRES_URL']!, async (client) => {
    // The roles come with the first migrated database.
    await testDatabase({ onTestFinished: () => {} }).then(({ pool }) => pool.end());
    await client.query(
      `CREATE ROLE ${OPERATOR.user} LOGIN PASSWORD '${OPERATOR.password}' IN ROLE bo_operator`,
    );
  }),
);

export const file = (name: string, content: string | Buffer) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const COLUMNS = [
  'tx_id',
  'wallet_id',
  'type',
  'amount',
  'related_id',
  'event_time',
  'updated_at',
  'source_version',
];
export const csv = (rows: readonly Record<string, unknown>[]) =>
  [COLUMNS.join(), ...rows.map((row) => COLUMNS.map((name) => row[name] ?? '').join())]
    .map((line) => `${line}\n`)
    .join('');
export const asRow = (txId: string, change: object = {}) => {
  const {
    entry_type: type,
    version: source_version,
    ...rest
  } = entry(txId, change) as Record<string, unknown>;
  return { ...rest, type, source_version };
};

const TABLES = [
  `SELECT tx_id, wallet_id, entry_type, amount, related_id, event_time, updated_at, source_version, source_enqueued_at,
     source_partition, source_sequence FROM bo.ledger_entries ORDER BY 1`,
  'SELECT order_id, amount, status, source_enqueued_at, source_partition, source_sequence FROM bo.payment_orders ORDER BY 1',
  `SELECT payment_order_id, payment_tx_id, receive_tx_id, amount, status, pairing_status, mismatch, event_time
     FROM bo.payment_ledger_pairs ORDER BY 1`,
];
export const tables = async (database: TestDatabase) => {
  const all = [];
  for (const query of TABLES) all.push(await database.rows(query));
  return all;
};
