import assert from 'node:assert/strict';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { confirmation, entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

// 5, 5.0 and 5.00 are one amount and three texts: rows and pairs have that of the highest event, whatever came before.

const amounts = async (database: TestDatabase, table: string) =>
  (await database.rows(`SELECT amount FROM ${table}`)).map((row) => row['amount']);

test('a newer event that changes the scale of an amount and nothing else is seen in the row and in the pair', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const ledger = rulesFor(database.pool, 'ledger');
  const orders = rulesFor(database.pool, 'payment_order');
  const confirmations = rulesFor(database.pool, 'pair');
  const pairs = 'bo.payment_ledger_pairs';

  await ingest(ledger, [partition.event(entry('p', { amount: '5' }))]);
  await ingest(ledger, [partition.event(entry('p', { amount: '5.0', version: 2 }))]);
  assert.deepEqual(await amounts(database, 'bo.ledger_entries'), ['5.0']);
  assert.deepEqual(await amounts(database, pairs), ['5.0']);

  await ingest(orders, [partition.event(order('order-1', { amount: '5' }))]);
  assert.deepEqual(await amounts(database, pairs), ['5']);
  await ingest(orders, [partition.event(order('order-1', { amount: '5.00', version: 2 }))]);
  assert.deepEqual(await amounts(database, 'bo.payment_orders'), ['5.00']);
  assert.deepEqual(await amounts(database, pairs), ['5.00']);

  await ingest(confirmations, [partition.event(confirmation('order-1', { amount: '5', version: 1 }))]);
  assert.deepEqual(await amounts(database, pairs), ['5']);
  await ingest(confirmations, [partition.event(confirmation('order-1', { amount: '5.000', version: 2 }))]);
  assert.deepEqual(await amounts(database, pairs), ['5.000']);
});
