import assert from 'node:assert/strict';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { confirmation, entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const payment = (change: object = {}) => entry('p', change);
const receive = (change: object = {}) => entry('r', { entry_type: 'RECEIVE', ...change });

/** Ingests one event at a time, each topic in a partition of its own. */
function feeder(database: TestDatabase) {
  const partitions = { ledger: new Partition(), payment_order: new Partition(), pair: new Partition() };
  return async (topic: keyof typeof partitions, body: object) => {
    const result = await ingest(rulesFor(database.pool, topic), [partitions[topic].event(body)]);
    assert.equal(result.outcomes.applied, 1);
    return result;
  };
}

async function pairs(database: TestDatabase) {
  const rows = await database.rows(
    `SELECT payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
       pairing_status, mismatch FROM bo.payment_ledger_pairs ORDER BY 1`,
  );
  return rows.map((row) => Object.values(row).join(' '));
}

test('two halves complete a pair; the order gives it amount and status, whenever it comes', async (t) => {
  const database = await testDatabase(t);
  const feed = feeder(database);
  await feed('ledger', receive({ amount: '-100.00' }));
  assert.deepEqual(await pairs(database), ['order-1  r  wallet-of-r -100.00  INCOMPLETE f']);
  await feed('ledger', payment());
  assert.deepEqual(await pairs(database), ['order-1 p r wallet-of-p wallet-of-r 100.00  COMPLETE f']);
  await feed('payment_order', order('order-1', { amount: '99', status: 'NEW' }));
  assert.deepEqual(await pairs(database), ['order-1 p r wallet-of-p wallet-of-r 99 NEW COMPLETE f']);
  await feed('payment_order', order('order-1', { amount: '99', status: 'PAID', version: 2 }));
  assert.deepEqual(await pairs(database), ['order-1 p r wallet-of-p wallet-of-r 99 PAID COMPLETE f']);
});

test('an order between the entries, a newer one, and one of an ambiguous or a confirmed pair', async (t) => {
  const database = await testDatabase(t);
  const feed = feeder(database);
  await feed('ledger', receive());
  await feed('payment_order', order('order-1', { amount: '99', status: 'NEW' }));
  assert.deepEqual(await pairs(database), ['order-1  r  wallet-of-r 99 NEW INCOMPLETE f']);
  await feed('ledger', payment());
  assert.deepEqual(await pairs(database), ['order-1 p r wallet-of-p wallet-of-r 99 NEW COMPLETE f']);
  await feed('ledger', entry('r', { entry_type: 'PAYMENT', version: 2, event_time: '2026-11-22T11:00:01Z' }));
  await feed('payment_order', order('order-1', { amount: '98.0', status: 'PAID', version: 2 }));
  assert.deepEqual(await pairs(database), ['order-1 p  wallet-of-p  98.0 PAID AMBIGUOUS f']);
  await feed('pair', confirmation('order-1', { amount: '97' }));
  const [before] = await pairs(database);
  assert.match(before!, /^order-1 p r wallet-of-p wallet-of-r 97 /);
  await feed('payment_order', order('order-1', { amount: '96', status: 'VOID', version: 3 }));
  assert.deepEqual(await pairs(database), [before!.replace('PAID', 'VOID')]);
});

test('an order alone is no pair, and leaves no row behind', async (t) => {
  const database = await testDatabase(t);
  await feeder(database)('payment_order', order('order-1'));
  assert.deepEqual(await pairs(database), []);
});

test('amounts that differ are a mismatch, their signs are not', async (t) => {
  const database = await testDatabase(t);
  const feed = feeder(database);
  await feed('ledger', payment({ amount: '100.00' }));
  await feed('ledger', receive({ amount: '-100' }));
  assert.match((await pairs(database))[0]!, /COMPLETE f$/);
  await feed('ledger', receive({ amount: '-100.01', version: 2 }));
  assert.match((await pairs(database))[0]!, /COMPLETE t$/);
});

test('a second PAYMENT makes the pair ambiguous; the earliest has the slot; it counts as reopened', async (t) => {
  const database = await testDatabase(t);
  const feed = feeder(database);
  await feed('ledger', payment());
  await feed('ledger', receive());
  const second = await feed('ledger', entry('a', { event_time: '2026-11-22T11:00:00Z', amount: '7' }));
  assert.equal(second.pairsReopened, 1);
  assert.deepEqual(await pairs(database), ['order-1 a r wallet-of-a wallet-of-r 7  AMBIGUOUS t']);
  await feed('ledger', entry('Z', { event_time: '2026-11-22T10:59:59.999999Z' }));
  assert.deepEqual(await pairs(database), ['order-1 Z r wallet-of-Z wallet-of-r 100.00  AMBIGUOUS f']);
  const [counted] = await database.rows('SELECT pairs_reopened FROM sync.hourly_counters');
  assert.equal(counted!['pairs_reopened'], '1');
});

test('a confirmation fills the slots and completes, ambiguous or not; entries that disagree are a mismatch', async (t) => {
  const database = await testDatabase(t);
  const feed = feeder(database);
  await feed('pair', confirmation('order-1', { status: 'CONFIRMED' }));
  assert.deepEqual(await pairs(database), [
    'order-1 p r wallet-of-p wallet-of-r 100.00 CONFIRMED COMPLETE f',
  ]);
  await feed('ledger', entry('other'));
  assert.deepEqual(await pairs(database), [
    'order-1 p r wallet-of-p wallet-of-r 100.00 CONFIRMED COMPLETE t',
  ]);
  await feed('ledger', payment());
  assert.deepEqual(await pairs(database), [
    'order-1 p r wallet-of-p wallet-of-r 100.00 CONFIRMED COMPLETE f',
  ]);
  await feed('ledger', receive({ wallet_id: 'elsewhere' }));
  assert.match((await pairs(database))[0]!, /COMPLETE t$/);
  await feed('ledger', receive({ amount: '-100.0', version: 2 }));
  assert.match((await pairs(database))[0]!, /COMPLETE f$/);
  await feed('payment_order', order('order-1', { amount: '5' }));
  assert.match((await pairs(database))[0]!, / 100.00 CONFIRMED COMPLETE f$/);
  await feed('pair', confirmation('order-1', { updated_at: '2026-11-22T11:00:01Z', amount: '100' }));
  assert.match((await pairs(database))[0]!, / 100 PAID COMPLETE f$/);
});

test('an entry that moves to another order changes both groups, and the last one takes its row along', async (t) => {
  const database = await testDatabase(t);
  const feed = feeder(database);
  await feed('ledger', payment());
  await feed('ledger', receive());
  const moved = await feed('ledger', payment({ related_id: 'order-2', version: 2 }));
  assert.equal(moved.pairsReopened, 1);
  assert.deepEqual(await pairs(database), [
    'order-1  r  wallet-of-r 100.00  INCOMPLETE f',
    'order-2 p  wallet-of-p  100.00  INCOMPLETE f',
  ]);
  await feed('ledger', receive({ related_id: null, version: 2 }));
  assert.deepEqual(await pairs(database), ['order-2 p  wallet-of-p  100.00  INCOMPLETE f']);
  await feed('ledger', payment({ related_id: 'order-2', entry_type: 'FEE', version: 3 }));
  assert.deepEqual(await pairs(database), []);
});

test('entries of another domain or type are stored and not paired', async (t) => {
  const database = await testDatabase(t);
  const feed = feeder(database);
  await feed('ledger', payment({ related_type: 'PAYOUT' }));
  await feed('ledger', receive({ entry_type: 'FEE' }));
  assert.deepEqual(await pairs(database), []);
  await feed('ledger', payment({ related_type: 'PAYMENT_ORDER', version: 2 }));
  assert.equal((await pairs(database)).length, 1);
});

test('a pair keeps its time stamps as long as nothing about it changes', async (t) => {
  const database = await testDatabase(t);
  const feed = feeder(database);
  await feed('ledger', payment());
  const stamps = () => database.rows('SELECT updated_at, ingested_at, xmin FROM bo.payment_ledger_pairs');
  const before = await stamps();
  await feed('ledger', payment({ version: 2, amount_signed: '-1' }));
  await feed('payment_order', order('order-2'));
  assert.deepEqual(await stamps(), before);
});
