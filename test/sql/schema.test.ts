import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'vitest';
import { dumpSchema } from '../../infra/database/dumpSchema.ts';
import { migrate } from '../../infra/database/migrate.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';
import { confirmation, entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';

test('the committed schema dump is what the migrations lead to (npm run schema:dump)', async (t) => {
  const database = await testDatabase(t);
  const client = await database.pool.connect();
  try {
    const committed = readFileSync(new URL('../../infra/database/schema.txt', import.meta.url), 'utf8');
    assert.equal(await dumpSchema(client), committed);
  } finally {
    client.release();
  }
});

test('migrating again does nothing, also when two processes do it at once', async (t) => {
  const database = await testDatabase(t);
  assert.deepEqual(
    (await Promise.all([migrate(database.url), migrate(database.url)])).map(({ migrations, installed }) => [
      migrations,
      installed,
    ]),
    [
      [[], false],
      [[], false],
    ],
  );
});

/** Runs statements as a role, each in a transaction that is rolled back; returns which are refused. */
async function refused(
  database: Awaited<ReturnType<typeof testDatabase>>,
  role: string,
  statements: string[],
) {
  const client = await database.pool.connect();
  const denied: string[] = [];
  try {
    for (const statement of statements) {
      await client.query(`BEGIN; SET LOCAL ROLE ${role}`);
      await client.query(statement).catch((error: { code?: string }) => {
        assert.equal(error.code, '42501', statement);
        denied.push(statement);
      });
      await client.query('ROLLBACK');
    }
  } finally {
    client.release();
  }
  return denied;
}

test('each role may do what it is for, and nothing else', async (t) => {
  const database = await testDatabase(t);
  const serving = ['ledger_entries', 'payment_orders', 'payment_ledger_pairs'].map(
    (table) => `SELECT * FROM bo.${table}`,
  );
  const own = ['SELECT * FROM bo.consumer_dlq_events', 'SELECT * FROM sync.partitions'];
  const never = [
    'CREATE TABLE bo.mine ()',
    'CREATE TABLE sync.mine ()',
    'ALTER TABLE bo.ledger_entries ADD COLUMN mine int',
    'DELETE FROM bo.ledger_entries',
    'TRUNCATE bo.payment_orders',
    'INSERT INTO sync.migrations DEFAULT VALUES',
  ];
  assert.deepEqual(await refused(database, 'bo_admin_read', serving), []);
  assert.deepEqual(
    await refused(database, 'bo_admin_read', [
      ...own,
      ...never,
      'UPDATE bo.payment_orders SET status = NULL',
    ]),
    [...own, ...never, 'UPDATE bo.payment_orders SET status = NULL'],
  );
  for (const role of ['bo_sync', 'bo_operator']) {
    assert.deepEqual(await refused(database, role, [...serving, ...own, ...never]), never);
  }
});

test('what an end-to-end test takes away is of its own run, whatever it is told to remove', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const mine = 'e2e-0123456789ab';
  const ids = [
    'happy-1',
    `happy-${mine}-1`,
    `happy-${mine}0-1`,
    'happy-e2e-0123456789aX-1',
    `other-${mine}-1`,
  ];
  for (const id of ids) {
    const ingested = (topic: 'ledger' | 'payment_order' | 'pair', body: object) =>
      ingest(rulesFor(database.pool, topic), [
        { ...partition.event(body), correlationId: `${id.replace(/^[a-z]+-/, '')}-1` },
      ]);
    await ingested('ledger', entry(`tx-p-${id}`, { related_id: `order-${id}` }));
    await ingested('payment_order', order(`order-${id}`));
    await ingested('pair', confirmation(`order-${id}`));
    await ingested('ledger', {});
  }
  const remove = (run: string) =>
    `SELECT ${FUNCTIONS_SCHEMA}.remove_synthetic(${run}, ARRAY['happy', '%', ''])::int AS removed`;
  const attempts = [
    remove(`'${mine}'`),
    `SELECT ${FUNCTIONS_SCHEMA}.delete_synthetic('${mine}', ARRAY['happy'])`,
  ];
  assert.deepEqual(await refused(database, 'bo_sync', attempts), attempts);
  assert.deepEqual(await refused(database, 'bo_admin_read', attempts), attempts);
  assert.deepEqual(await refused(database, 'bo_operator', attempts.slice(1)), attempts.slice(1));

  const client = await database.pool.connect();
  try {
    await client.query('SET ROLE bo_operator');
    const no = ['', '%', 'e2e-%%%%%%%%', 'e2e-________', 'e2e-', 'e2e-0123456', `${mine}\n`, `x${mine}`];
    for (const run of no) {
      await assert.rejects(client.query(remove('$1'), [run]), { code: '22023' }, run);
    }
    await assert.rejects(client.query(remove('NULL')), { code: '23502' });
    // An entry, an order, a confirmation and a pair; the two dead letters whose correlation id begins with the run.
    assert.equal((await client.query(remove('$1'), [mine])).rows[0].removed, 6);
    await client.query('RESET ROLE');
  } finally {
    client.release();
  }
  for (const [column, table] of [
    ['tx_id', 'bo.ledger_entries'],
    ['order_id', 'bo.payment_orders'],
    ['payment_order_id', 'bo.payment_ledger_pairs'],
    ['payment_order_id', 'sync.pair_confirmations'],
  ]) {
    const left = await database.rows(`SELECT ${column} AS key FROM ${table}`);
    const keys = left.map(({ key }) => String(key).replace(/^(tx-p|order)-/, '')).sort();
    assert.deepEqual(keys, ids.filter((id) => id !== ids[1]).sort(), table);
  }
});

test('the functions get by with the role bo_sync', async (t) => {
  const database = await testDatabase(t);
  await database.pool.query(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET role = 'bo_sync'`);
  // Connections that are open keep the role they had.
  const asSync = await testConnection(database.url, t);
  const partition = new Partition();
  for (const [topic, body] of [
    ['ledger', entry('p')],
    ['ledger', entry('p', { version: 2, related_id: 'order-2' })],
    ['ledger', 'malformed'],
    ['payment_order', order('order-1')],
    ['pair', confirmation('order-1')],
  ] as const) {
    const result = await ingest(rulesFor(asSync, topic), [partition.event(body)]);
    assert.equal(result.received, 1);
  }
});

async function testConnection(url: string, t: Pick<TestContext, 'onTestFinished'>) {
  const database = openDatabase({
    connection: { connectionString: url },
    poolSize: 2,
    onIdleError: () => {},
  });
  const who = await database.query('SELECT current_user AS name');
  assert.equal(who.rows[0].name, 'bo_sync');
  t.onTestFinished(() => database.end());
  return database;
}
