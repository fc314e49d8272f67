import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ingest } from '../../shared/ingest/ingest.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { confirmation, entry, order, Partition, rulesFor } from '../support/events.ts';

// Races with the interleaving forced: a trigger holds the first transaction right before its last step, until the
// second one has done all it can without it.

/** Holds transactions of this topic before their counters are written; returns how to let them go. */
async function holdBeforeCommit(database: TestDatabase, topic: string): Promise<() => Promise<void>> {
  await database.pool.query(`
    CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(4711);
      RETURN NEW;
    END $$;
    DROP TRIGGER IF EXISTS hold ON sync.hourly_counters;
    CREATE TRIGGER hold BEFORE INSERT ON sync.hourly_counters FOR EACH ROW
      WHEN (NEW.topic = '${topic}') EXECUTE FUNCTION hold();`);
  const holder = await database.pool.connect();
  await holder.query('SELECT pg_advisory_lock(4711)');
  return async () => {
    await holder.query('SELECT pg_advisory_unlock(4711)');
    holder.release();
  };
}

/** Waits until this many backends wait for a lock. */
async function untilWaiting(database: TestDatabase, backends: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const [row] = await database.rows(
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (Number(row!['count']) >= backends) return;
    assert.ok(Date.now() < deadline, `${backends} backends wait for a lock`);
    await delay(5);
  }
}

/** Both transactions at once: the second one comes when the first one has written and not committed. */
async function race(
  database: TestDatabase,
  topic: string,
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
): Promise<void> {
  const release = await holdBeforeCommit(database, topic);
  const held = first();
  await untilWaiting(database, 1);
  const waiting = second();
  await untilWaiting(database, 2);
  await release();
  await Promise.all([held, waiting]);
}

const LEDGER = 'ledger.entry.upserted';
const pairOf = async (database: TestDatabase) => {
  const rows = await database.rows(
    'SELECT pairing_status, payment_tx_id, receive_tx_id, amount, status FROM bo.payment_ledger_pairs ORDER BY payment_order_id',
  );
  return rows.map((row) => Object.values(row).join(' '));
};

test('both halves of a pair at once end complete', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  await race(
    database,
    LEDGER,
    () => ingest(rules, [new Partition(0).event(entry('p'))]),
    () => ingest(rules, [new Partition(1).event(entry('r', { entry_type: 'RECEIVE' }))]),
  );
  assert.deepEqual(await pairOf(database), ['COMPLETE p r 100.00 ']);
});

test('an order that arrives while its first entry is being written gives the pair its amount and status', async (t) => {
  const database = await testDatabase(t);
  await race(
    database,
    LEDGER,
    () => ingest(rulesFor(database.pool, 'ledger'), [new Partition(0).event(entry('p'))]),
    () =>
      ingest(rulesFor(database.pool, 'payment_order'), [
        new Partition(0).event(order('order-1', { amount: 7 })),
      ]),
  );
  assert.deepEqual(await pairOf(database), ['INCOMPLETE p  7 PAID']);
});

test('an entry that arrives while its order is being written sees it', async (t) => {
  const database = await testDatabase(t);
  await race(
    database,
    'payment.order.upserted',
    () =>
      ingest(rulesFor(database.pool, 'payment_order'), [
        new Partition(0).event(order('order-1', { amount: 7 })),
      ]),
    () => ingest(rulesFor(database.pool, 'ledger'), [new Partition(0).event(entry('p'))]),
  );
  assert.deepEqual(await pairOf(database), ['INCOMPLETE p  7 PAID']);
});

test('an order and a confirmation at once are both seen', async (t) => {
  const database = await testDatabase(t);
  await race(
    database,
    'payment.order.upserted',
    () => ingest(rulesFor(database.pool, 'payment_order'), [new Partition(0).event(order('order-1'))]),
    () =>
      ingest(rulesFor(database.pool, 'pair'), [
        new Partition(0).event(confirmation('order-1', { amount: 5 })),
      ]),
  );
  assert.deepEqual(await pairOf(database), ['COMPLETE p r 5 PAID']);
});

test('the last entry moves away while the other half arrives: only the arriving one is in the group', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition(0);
  await ingest(rules, [partition.event(entry('p'))]);
  await race(
    database,
    LEDGER,
    () => ingest(rules, [partition.event(entry('p', { related_id: 'order-2', version: 2 }))]),
    () => ingest(rules, [new Partition(1).event(entry('r', { entry_type: 'RECEIVE' }))]),
  );
  assert.deepEqual(await pairOf(database), ['INCOMPLETE  r 100.00 ', 'INCOMPLETE p  100.00 ']);
});

test('two versions of one new key on two partitions end in the higher one, and both are counted', async (t) => {
  for (const [first, second] of [
    [1, 2],
    [2, 1],
  ]) {
    const database = await testDatabase(t);
    const rules = rulesFor(database.pool, 'ledger');
    await race(
      database,
      LEDGER,
      () => ingest(rules, [new Partition(0).event(entry('x', { version: first, amount: first }))]),
      () => ingest(rules, [new Partition(1).event(entry('x', { version: second, amount: second }))]),
    );
    const [row] = await database.rows('SELECT amount, source_version FROM bo.ledger_entries');
    assert.deepEqual(row, { amount: '2', source_version: '2' });
    const [counted] = await database.rows(
      'SELECT sum(applied) AS a, sum(stale) AS s FROM sync.hourly_counters',
    );
    assert.deepEqual(counted, first === 1 ? { a: '2', s: '0' } : { a: '1', s: '1' });
  }
});

test('a newer version overtakes an update that was already compared', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  await ingest(rules, [new Partition(0).event(entry('x'))]);
  await race(
    database,
    LEDGER,
    () => ingest(rules, [new Partition(1).event(entry('x', { version: 3, amount: 3 }))]),
    () => ingest(rules, [new Partition(2).event(entry('x', { version: 2, amount: 2 }))]),
  );
  const [row] = await database.rows('SELECT amount FROM bo.ledger_entries');
  assert.equal(row!['amount'], '3');
  const [counted] = await database.rows(
    'SELECT sum(applied) AS a, sum(stale) AS s FROM sync.hourly_counters',
  );
  assert.deepEqual(counted, { a: '2', s: '1' });
});

test('the same batch delivered twice at once is stored and counted once', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition(0);
  const batch = [partition.event(entry('a')), partition.event('malformed'), partition.event(entry('b'))];
  await race(
    database,
    LEDGER,
    () => ingest(rules, batch),
    () => ingest(rules, batch),
  );
  const [counted] = await database.rows(
    'SELECT applied, dead_lettered, duplicate, redelivered FROM sync.hourly_counters',
  );
  assert.deepEqual(counted, { applied: '2', dead_lettered: '1', duplicate: '0', redelivered: '3' });
  const [letters] = await database.rows('SELECT count(*) FROM bo.consumer_dlq_events');
  assert.equal(letters!['count'], '1');
});

test('the halves of 500 payments on four partitions at once lose no pair', async (t) => {
  const database = await testDatabase(t);
  const ledger = rulesFor(database.pool, 'ledger');
  const orders = rulesFor(database.pool, 'payment_order');
  const numbers = Array.from({ length: 500 }, (_, index) => index);
  const write = async (partition: Partition, bodies: object[], rules: typeof ledger | typeof orders) => {
    for (let start = 0; start < bodies.length; start += 50) {
      const events = bodies.slice(start, start + 50).map((body) => partition.event(body));
      await ingest(rules as typeof ledger, events);
    }
  };
  const half = (side: string, type: string) => (number: number) =>
    entry(`${side}${number}`, { related_id: `o${number}`, entry_type: type });
  await Promise.all([
    write(new Partition(0), numbers.map(half('p', 'PAYMENT')), ledger),
    write(new Partition(1), [...numbers].reverse().map(half('r', 'RECEIVE')), ledger),
    write(
      new Partition(2),
      numbers.map((number) => order(`o${number}`)),
      orders,
    ),
  ]);
  const found = await database.rows(
    'SELECT pairing_status, status, count(*) FROM bo.payment_ledger_pairs GROUP BY 1, 2',
  );
  assert.deepEqual(found, [{ pairing_status: 'COMPLETE', status: 'PAID', count: '500' }]);
});
