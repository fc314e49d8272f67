import assert from 'node:assert/strict';
import type pg from 'pg';
import { test } from 'vitest';
import type { RecordTopic } from '../../shared/contracts/fields.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { confirmation, entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { WRONG_CROWDS } from '../../tools/proof/rulesUnderTest.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

/** What SPEC 5 says of a pair without order and confirmation, from all entries of its group. */
const EXPECTED_PAIR = `
  SELECT CASE WHEN payments > 1 OR receives > 1 THEN 'AMBIGUOUS' WHEN payments + receives = 2 THEN 'COMPLETE'
      ELSE 'INCOMPLETE' END AS pairing_status,
    payments AS payment_count, receives AS receive_count, payment AS payment_tx_id, receive AS receive_tx_id, event_time
  FROM (
    SELECT count(*) FILTER (WHERE entry_type = 'PAYMENT') AS payments,
      count(*) FILTER (WHERE entry_type = 'RECEIVE') AS receives,
      (array_agg(tx_id ORDER BY event_time, tx_id) FILTER (WHERE entry_type = 'PAYMENT'))[1] AS payment,
      (array_agg(tx_id ORDER BY event_time, tx_id) FILTER (WHERE entry_type = 'RECEIVE'))[1] AS receive,
      max(event_time) AS event_time
    FROM bo.ledger_entries WHERE related_id = $1
  ) g`;
const PAIR = `
  SELECT pairing_status, payment_count, receive_count, payment_tx_id, receive_tx_id, event_time
  FROM bo.payment_ledger_pairs WHERE payment_order_id = $1`;

const partition = () => new Partition();

/** The entries of a group, half of them payments, the later ones earlier in time. */
function groupOf(size: number, group: string): object[] {
  return Array.from({ length: size }, (_, index) =>
    entry(`${group}-${index}`, {
      entry_type: index % 2 === 0 ? 'PAYMENT' : 'RECEIVE',
      related_id: group,
      event_time: new Date(Date.UTC(2026, 10, 22, 11) - index * 1000).toISOString(),
    }),
  );
}

async function feed<T extends RecordTopic>(
  database: pg.Pool,
  topic: T,
  at: Partition,
  bodies: readonly object[],
): Promise<void> {
  const result = await ingest(
    rulesFor(database, topic),
    bodies.map((body) => at.event(body)),
  );
  assert.equal(result.outcomes.dead_lettered, 0);
}

async function assertPair(database: TestDatabase, group: string, what: string): Promise<void> {
  assert.deepEqual(await database.rows(PAIR, [group]), await database.rows(EXPECTED_PAIR, [group]), what);
  assert.deepEqual(await database.rows(WRONG_CROWDS), [], what);
}

test('a large group has the pair that its entries say, through inserts, moves and changes of its slots', async (t) => {
  const database = await testDatabase(t);
  const { pool } = database;
  const at = partition();
  const isCrowded = async (group: string) =>
    (
      await database.rows('SELECT crowded FROM bo.payment_ledger_pairs WHERE payment_order_id = $1', [group])
    )[0]?.['crowded'];
  const move = (id: number, version: number, change: object) =>
    feed(pool, 'ledger', at, [
      entry(`g-${id}`, {
        ...groupOf(id + 1, 'g')[id],
        version,
        updated_at: '2026-11-22T11:30:00Z',
        ...change,
      }),
    ]);

  await feed(pool, 'ledger', at, groupOf(64, 'g'));
  assert.equal(await isCrowded('g'), 'f');
  await feed(pool, 'ledger', at, groupOf(70, 'g').slice(64));
  assert.equal(await isCrowded('g'), 't');
  await assertPair(database, 'g', 'after it has become large');
  await feed(pool, 'ledger', at, groupOf(200, 'g').slice(70));
  await assertPair(database, 'g', 'with more entries, in one batch');

  await move(198, 2, { related_id: 'elsewhere' });
  await assertPair(database, 'g', 'without the payment that had the slot');
  await assertPair(database, 'elsewhere', 'the group that it went to');
  await move(198, 3, { related_id: 'g' });
  await assertPair(database, 'g', 'with it again');
  await move(199, 2, { entry_type: 'FEE' });
  await move(199, 3, { entry_type: 'PAYMENT' });
  await assertPair(database, 'g', 'with a receive that is a payment now');
  await move(0, 2, { event_time: '2026-11-22T12:00:00Z', amount: '7.00' });
  await assertPair(database, 'g', 'with another latest time');
  await move(1, 2, { event_time: '2026-11-22T12:30:00Z' });
  await assertPair(database, 'g', 'with a latest time that is that of a receive');

  for (let id = 0; id < 170; id++) await move(id, 9, { related_id: null });
  assert.equal(await isCrowded('g'), 'f');
  await assertPair(database, 'g', 'with so few that it is no large group any more');
});

test('a confirmation of a large group holds against the one entry that it names', async (t) => {
  const database = await testDatabase(t);
  const { pool } = database;
  await feed(pool, 'ledger', partition(), groupOf(100, 'g'));
  const at = partition();
  const confirm = async (version: number, change: object) => {
    const named = { payment_tx_id: 'g-40', receive_tx_id: 'g-41', payer_wallet_id: 'wallet-of-g-40' };
    await feed(pool, 'pair', at, [
      confirmation('g', { ...named, payee_wallet_id: 'wallet-of-g-41', version, ...change }),
    ]);
    const [pair] = await database.rows(
      'SELECT pairing_status, mismatch, payment_tx_id FROM bo.payment_ledger_pairs WHERE payment_order_id = $1',
      ['g'],
    );
    return pair;
  };
  assert.deepEqual(await confirm(1, {}), {
    pairing_status: 'COMPLETE',
    mismatch: 'f',
    payment_tx_id: 'g-40',
  });
  assert.equal((await confirm(2, { payee_wallet_id: 'another' }))!['mismatch'], 't');
  assert.equal((await confirm(3, { amount: '-100' }))!['mismatch'], 'f');
  assert.equal(
    (await confirm(4, { payment_tx_id: 'g-41', payer_wallet_id: 'wallet-of-g-41' }))!['mismatch'],
    't',
  );
});

/** By table, how many of its tuples this session has read since its statistics were last taken. */
async function tuplesRead(client: pg.ClientBase): Promise<Map<string, number>> {
  const { rows } = await client.query<{ relname: string; read: number }>(
    `SELECT relname, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 AS read
     FROM pg_stat_xact_user_tables
     WHERE relname IN ('ledger_entries', 'payment_ledger_pairs', 'crowded_entries') ORDER BY relname`,
  );
  return new Map(rows.map(({ relname, read }) => [relname, read]));
}

test('one more entry, a move, and a confirmation read as much of a group of 2,000 as of one of 100', async (t) => {
  const database = await testDatabase(t);
  const { pool } = database;
  const sizes = [100, 2000];
  for (const size of sizes)
    await feed(pool, 'ledger', new Partition(1, size * 10), groupOf(size, `of-${size}`));
  const at = partition();

  /** Tuples of the tables that a change reads, by table; the change is rolled back. */
  const readBy = async (topic: RecordTopic, body: object) => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const before = await tuplesRead(client);
      await feed(client as unknown as pg.Pool, topic, at, [body]);
      const after = await tuplesRead(client);
      return [...after].map(([table, read]) => `${table} ${read - (before.get(table) ?? 0)}`);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  };
  const changes = (group: string): [string, RecordTopic, object][] => [
    ['one more entry', 'ledger', entry('new', { related_id: group })],
    [
      'a move out',
      'ledger',
      entry(`${group}-50`, { related_id: null, version: 2, updated_at: '2026-11-22T11:30:00Z' }),
    ],
    ['a change of the slot', 'ledger', entry(`${group}-98`, { related_id: group, version: 2, amount: '9' })],
    [
      'a confirmation',
      'pair',
      confirmation(group, { payment_tx_id: `${group}-40`, receive_tx_id: `${group}-41` }),
    ],
  ];
  const [small, large] = sizes.map((size) => changes(`of-${size}`));
  for (const [index, [what, topic, body]] of large!.entries()) {
    const inLarge = await readBy(topic, body);
    assert.deepEqual(inLarge, await readBy(topic, small![index]![2]), what);
  }
});
