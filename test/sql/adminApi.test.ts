import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { describe, it } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { loginWith } from '../support/operatorCommands.ts';
import { blocksOf, ROOT } from '../support/runbooks.ts';

// Each statement of docs/admin-api.md, as the Admin API's role. ADMIN_API_ROWS=5000000 measures what the page says of a large table.

const ROWS = Number(process.env['ADMIN_API_ROWS'] ?? 20_000);
const PER_WALLET = 50;
const PAGE = readFileSync(join(ROOT, 'docs/admin-api.md'), 'utf8');
const STATEMENTS = new Map(
  blocksOf(PAGE)
    .filter(({ kind }) => kind === 'sql')
    .map(({ text }) => [/^-- (.+)$/m.exec(text)![1]!, text]),
);

/** Two entries a payment, each with its order and pair; a wallet's entries lie far from each other in the table. */
async function fill(database: TestDatabase): Promise<void> {
  const wallets = ROWS / PER_WALLET;
  const columns = 'source_enqueued_at, source_partition, source_sequence, ingested_at';
  await database.rows(
    `INSERT INTO bo.ledger_entries (tx_id, wallet_id, entry_type, amount, related_id, event_time, created_at, ${columns})
     SELECT 'tx-' || i, 'w-' || i % $2, (ARRAY['PAYMENT', 'RECEIVE'])[1 + i % 2], 598444.00, 'o-' || i / 2, at, at, at, 0, i, at
     FROM generate_series(0, $1::int - 1) i, LATERAL (SELECT timestamptz '2026-01-01Z' + i * interval '1 second' AS at) t`,
    [ROWS, wallets],
  );
  await database.rows(
    `INSERT INTO bo.payment_orders (order_id, user_id, amount, status, created_at, ${columns})
     SELECT 'o-' || i, 'u-' || i, 598444, 'PAID', at, at, 0, i, at
     FROM generate_series(0, $1::int / 2 - 1) i, LATERAL (SELECT timestamptz '2026-01-01Z' + i * interval '2 seconds' AS at) t`,
    [ROWS],
  );
  await database.rows(
    `INSERT INTO bo.payment_ledger_pairs (payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
       event_time, pairing_status, mismatch, confirmed, ordered, payment_count, receive_count, updated_at, ingested_at)
     SELECT 'o-' || i, 'tx-' || i * 2, 'tx-' || i * 2 + 1, 'w-' || (i * 2) % $2, 'w-' || (i * 2 + 1) % $2, 598444, 'PAID', at,
       'COMPLETE', false, false, true, 1, 1, at, at
     FROM generate_series(0, $1::int / 2 - 1) i, LATERAL (SELECT timestamptz '2026-01-01Z' + i * interval '2 seconds' AS at) t`,
    [ROWS, wallets],
  );
  await database.rows('VACUUM ANALYZE bo.ledger_entries, bo.payment_orders, bo.payment_ledger_pairs');
}

const MIDDLE = Math.floor(ROWS / 2);
const WALLET = `w-${MIDDLE % (ROWS / PER_WALLET)}`;
const RANGE = ['2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'];

/** Values of each statement, how many rows it finds, and the indexes that it goes by. */
const EXPECTED: Readonly<Record<string, { values: unknown[]; rows: number; indexes: string[] }>> = {
  'an entry': { values: [`tx-${MIDDLE}`], rows: 1, indexes: ['ledger_entries_pkey'] },
  'the entries of a payment': { values: ['o-77'], rows: 2, indexes: ['ledger_entries_related_id'] },
  'the entries of a wallet, first page': {
    values: [WALLET, ...RANGE, 20],
    rows: 20,
    indexes: ['ledger_entries_wallet'],
  },
  'the entries of a wallet, next page': {
    values: [
      WALLET,
      RANGE[0],
      20,
      new Date(Date.UTC(2026, 0, 1) + MIDDLE * 1000).toISOString(),
      `tx-${MIDDLE}`,
    ],
    rows: 20,
    indexes: ['ledger_entries_wallet'],
  },
  'an order': { values: ['o-77'], rows: 1, indexes: ['payment_orders_pkey'] },
  'a pair': { values: ['o-77'], rows: 1, indexes: ['payment_ledger_pairs_pkey'] },
  'how old a row is': { values: [`tx-${MIDDLE}`], rows: 1, indexes: ['ledger_entries_pkey'] },
  'how far a replica is behind': { values: [], rows: 1, indexes: [] },
};

interface Plan {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

async function explained(client: pg.Client, text: string, values: unknown[]) {
  const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
  const { Plan: plan, 'Execution Time': ms } = rows[0]['QUERY PLAN'][0] as {
    Plan: Plan;
    'Execution Time': number;
  };
  return { nodes: nodesOf(plan), pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], ms };
}

describe(`docs/admin-api.md at ${ROWS.toLocaleString('en-US')} entries`, () => {
  it('each statement runs as bo_admin_read, finds its rows, and goes by an index', {
    timeout: 600_000,
  }, async (t) => {
    const database = await testDatabase(t);
    await fill(database);
    const login = await loginWith(t, database, 'bo_admin_read');
    assert.deepEqual([...STATEMENTS.keys()].sort(), Object.keys(EXPECTED).sort());
    await withClient(login, async (client) => {
      for (const [name, text] of STATEMENTS) {
        const { values, rows, indexes } = EXPECTED[name]!;
        const { rowCount } = await client.query(text, values);
        assert.equal(rowCount, rows, name);
        const { nodes, pages, ms } = await explained(client, text, values);
        assert.deepEqual(
          nodes.filter((node) => node['Node Type'] === 'Seq Scan'),
          [],
          name,
        );
        assert.deepEqual(
          nodes.flatMap((node) => node['Index Name'] ?? []),
          indexes,
          name,
        );
        if (process.env['ADMIN_API_ROWS']) {
          const kinds = nodes.map((node) => node['Node Type']).join(' < ');
          console.log(`${name}: ${kinds}; ${pages} pages, ${ms.toFixed(2)} ms`);
        }
      }
    });
  });

  it('the role reads the three tables, and nothing else of the product', async (t) => {
    const database = await testDatabase(t);
    const login = await loginWith(t, database, 'bo_admin_read');
    await withClient(login, async (client) => {
      for (const denied of [
        'SELECT FROM bo.consumer_dlq_events',
        'SELECT FROM sync.partitions',
        `UPDATE bo.payment_orders SET status = ''`,
        'CREATE TABLE bo.audit_log ()',
      ]) {
        await assert.rejects(client.query(denied), { code: '42501' }, denied);
      }
    });
  });

  it('an amount has the scale that was sent, and is the same by value', async (t) => {
    const database = await testDatabase(t);
    const partition = new Partition(0);
    await ingest(rulesFor(database.pool, 'ledger'), [
      partition.event(entry('short', { amount: '598444' })),
      partition.event(entry('long', { amount: '598444.00', entry_type: 'RECEIVE' })),
    ]);
    const rows = await database.rows(
      `SELECT amount, trim_scale(amount) AS trimmed, count(*) OVER (PARTITION BY amount) AS same_by_value
       FROM bo.ledger_entries ORDER BY tx_id`,
    );
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [
        ['598444.00', '598444', '2'],
        ['598444', '598444', '2'],
      ],
    );
    const [pair] = await database.rows('SELECT pairing_status, mismatch::text FROM bo.payment_ledger_pairs');
    assert.deepEqual({ ...pair }, { pairing_status: 'COMPLETE', mismatch: 'false' });
  });
});
