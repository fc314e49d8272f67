import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { confirmation, entry, order, Partition, rulesFor, START } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

// Races with the interleaving forced: a trigger holds the first transaction at a chosen row until the second one has
// done all it can.

interface Place {
  readonly table: string;
  /** SQL on NEW: which row it is held at, before that is written. */
  readonly when: string;
}

/** Right before its last step: it has written everything and holds all its locks. */
const beforeCommit = (topic: string): Place => ({
  table: 'sync.hourly_counters',
  when: `NEW.topic = '${topic}'`,
});
/** In the statement that locks the pairs: its snapshot is taken, this pair is not locked. */
const beforeLock = (when: string): Place => ({ table: 'bo.payment_ledger_pairs', when });

/** Holds transactions at this place; returns how to let them go. */
async function hold(database: TestDatabase, { table, when }: Place): Promise<() => Promise<void>> {
  await database.pool.query(`
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(4711);
      RETURN NEW;
    END $$;
    CREATE TRIGGER hold BEFORE INSERT ON ${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION hold();`);
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

type Work = () => Promise<unknown>;

/** Both transactions at once: the second one waits for what the first one, which is held, has locked. */
async function race(database: TestDatabase, topic: string, first: Work, second: Work): Promise<void> {
  const release = await hold(database, beforeCommit(topic));
  const both: Promise<unknown>[] = [];
  try {
    both.push(first());
    await untilWaiting(database, 1);
    both.push(second());
    await untilWaiting(database, 2);
  } finally {
    await release();
  }
  await Promise.all(both);
}

/** The second transaction begins and commits while the first one is held. */
async function overtake(database: TestDatabase, place: Place, first: Work, second: Work): Promise<void> {
  const release = await hold(database, place);
  const held = first();
  try {
    await untilWaiting(database, 1);
    await second();
  } finally {
    await release();
  }
  await held;
}

const LEDGER = 'ledger.entry.upserted';
const ORDERS = 'payment.order.upserted';
const CONFIRMATIONS = 'payment.ledger.paired';
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
    ORDERS,
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
    ORDERS,
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

test('the other half commits between the look of a transaction at the pair and its lock', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  await overtake(
    database,
    beforeLock("NEW.payment_tx_id = 'p'"),
    () => ingest(rules, [new Partition(0).event(entry('p'))]),
    () => ingest(rules, [new Partition(1).event(entry('r', { entry_type: 'RECEIVE' }))]),
  );
  assert.deepEqual(await pairOf(database), ['COMPLETE p r 100.00 ']);
});

test('a second PAYMENT commits between the look of the first one at the pair and its lock', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  await overtake(
    database,
    beforeLock("NEW.payment_tx_id = 'p'"),
    () => ingest(rules, [new Partition(0).event(entry('p'))]),
    () => ingest(rules, [new Partition(1).event(entry('o', { amount: 5 }))]),
  );
  assert.deepEqual(await pairOf(database), ['AMBIGUOUS o  5 ']);
});

test('an order commits between the look of its first entry at it and the lock', async (t) => {
  const database = await testDatabase(t);
  await overtake(
    database,
    beforeLock("NEW.payment_tx_id = 'p'"),
    () => ingest(rulesFor(database.pool, 'ledger'), [new Partition(0).event(entry('p'))]),
    () =>
      ingest(rulesFor(database.pool, 'payment_order'), [
        new Partition(0).event(order('order-1', { amount: 7 })),
      ]),
  );
  assert.deepEqual(await pairOf(database), ['INCOMPLETE p  7 PAID']);
});

test('an entry commits while its order is between its row and the lock of the pair', async (t) => {
  const database = await testDatabase(t);
  await overtake(
    database,
    beforeLock('NEW.payment_count = 0'),
    () => ingest(rulesFor(database.pool, 'payment_order'), [new Partition(0).event(order('order-1'))]),
    () => ingest(rulesFor(database.pool, 'ledger'), [new Partition(0).event(entry('p', { amount: 7 }))]),
  );
  assert.deepEqual(await pairOf(database), ['INCOMPLETE p  100.00 PAID']);
});

test('a confirmation commits between the look of an entry at the pair and its lock', async (t) => {
  const database = await testDatabase(t);
  await overtake(
    database,
    beforeLock("NEW.payment_tx_id = 'p' AND NOT NEW.confirmed"),
    () => ingest(rulesFor(database.pool, 'ledger'), [new Partition(0).event(entry('p', { amount: 7 }))]),
    () => ingest(rulesFor(database.pool, 'pair'), [new Partition(0).event(confirmation('order-1'))]),
  );
  assert.deepEqual(await pairOf(database), ['COMPLETE p r 100.00 ']);
  const [pair] = await database.rows('SELECT mismatch FROM bo.payment_ledger_pairs');
  assert.deepEqual(pair, { mismatch: 't' }, 'the entry and the confirmation were held against each other');
});

test('the other entry moves away, and takes the pair along, between the look at the pair and its lock', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition(0);
  await ingest(rules, [partition.event(entry('p'))]);
  await overtake(
    database,
    beforeLock("NEW.receive_tx_id = 'r'"),
    () => ingest(rules, [new Partition(1).event(entry('r', { entry_type: 'RECEIVE' }))]),
    () => ingest(rules, [partition.event(entry('p', { related_id: 'order-2', version: 2 }))]),
  );
  assert.deepEqual(await pairOf(database), ['INCOMPLETE  r 100.00 ', 'INCOMPLETE p  100.00 ']);
});

test('an entry moves into a group while the other half arrives there', async (t) => {
  for (const moverFirst of [true, false]) {
    const database = await testDatabase(t);
    const rules = rulesFor(database.pool, 'ledger');
    const partition = new Partition(0);
    await ingest(rules, [partition.event(entry('p', { related_id: 'order-2' }))]);
    const works = [
      () => ingest(rules, [partition.event(entry('p', { version: 2 }))]),
      () => ingest(rules, [new Partition(1).event(entry('r', { entry_type: 'RECEIVE' }))]),
    ] as const;
    await race(database, LEDGER, works[moverFirst ? 0 : 1], works[moverFirst ? 1 : 0]);
    assert.deepEqual(await pairOf(database), ['COMPLETE p r 100.00 ']);
  }
});

test('two entries change places between two groups at once', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const [left, right] = [new Partition(0), new Partition(1)];
  await ingest(rules, [left.event(entry('a'))]);
  await ingest(rules, [right.event(entry('b', { related_id: 'order-2' }))]);
  await race(
    database,
    LEDGER,
    () => ingest(rules, [left.event(entry('a', { related_id: 'order-2', version: 2 }))]),
    () => ingest(rules, [right.event(entry('b', { version: 2 }))]),
  );
  assert.deepEqual(await pairOf(database), ['INCOMPLETE b  100.00 ', 'INCOMPLETE a  100.00 ']);
});

test('two versions of one order, or of one confirmation, at once end in the higher one', async (t) => {
  for (const [first, second] of [
    [1, 2],
    [2, 1],
  ]) {
    const database = await testDatabase(t);
    const orders = rulesFor(database.pool, 'payment_order');
    const confirmations = rulesFor(database.pool, 'pair');
    await ingest(rulesFor(database.pool, 'ledger'), [new Partition(0).event(entry('p'))]);
    await race(
      database,
      ORDERS,
      () => ingest(orders, [new Partition(0).event(order('order-1', { version: first, amount: first }))]),
      () => ingest(orders, [new Partition(1).event(order('order-1', { version: second, amount: second }))]),
    );
    assert.deepEqual(await pairOf(database), ['INCOMPLETE p  2 PAID']);
    await database.pool.query('DROP FUNCTION hold CASCADE');
    const event = (partition: number, version: number | undefined) =>
      new Partition(partition).event(confirmation('order-1', { version, amount: version }));
    await race(
      database,
      CONFIRMATIONS,
      () => ingest(confirmations, [event(0, first! + 5)]),
      () => ingest(confirmations, [event(1, second! + 5)]),
    );
    assert.deepEqual(await pairOf(database), ['COMPLETE p r 7 PAID']);
  }
});

test('a partition that two hosts write at once: every number is kept and counted once', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition(0);
  const events = ['a', 'b', 'c', 'd'].map((id) => partition.event(entry(id)));
  await race(
    database,
    LEDGER,
    () => ingest(rules, events.slice(0, 3)),
    () => ingest(rules, events.slice(1)),
  );
  const [ledger] = await database.rows('SELECT seen FROM sync.partitions');
  assert.deepEqual(ledger, { seen: '{[0,4)}' });
  const [counted] = await database.rows('SELECT applied, duplicate, redelivered FROM sync.hourly_counters');
  assert.deepEqual(counted, { applied: '4', duplicate: '0', redelivered: '2' });
});

test('of the same batch delivered twice at once the first delivery dies: the second one counts as the first', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition(0);
  const batch = [partition.event(entry('a')), partition.event('malformed')];
  const release = await hold(database, beforeCommit(LEDGER));
  const held = ingest(rules, batch);
  await untilWaiting(database, 1);
  const [backend] = await database.rows(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  const waiting = ingest(rules, batch);
  await untilWaiting(database, 2);
  await Promise.all([
    assert.rejects(held, { code: '57P01' }),
    database.pool.query('SELECT pg_terminate_backend($1)', [backend!['pid']]),
  ]);
  await release();
  const { outcomes, redelivered } = await waiting;
  assert.deepEqual([outcomes.applied, outcomes.dead_lettered, redelivered], [1, 1, 0]);
  const [counted] = await database.rows(
    'SELECT applied, dead_lettered, redelivered FROM sync.hourly_counters',
  );
  assert.deepEqual(counted, { applied: '1', dead_lettered: '1', redelivered: '0' });
});

test('two batches of a recreated hub at once begin one epoch', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const old = new Partition(0);
  await ingest(
    rules,
    [1, 2, 3, 4].map((number) => old.event(entry(`old-${number}`))),
  );
  const renewed = new Partition(0);
  const events = [0, 1, 2, 3].map((number) =>
    renewed.event(entry(`new-${number}`), { enqueuedAt: START + 3_600_000_000 + number }),
  );
  await race(
    database,
    LEDGER,
    () => ingest(rules, events.slice(2)),
    () => ingest(rules, events.slice(0, 2)),
  );
  assert.deepEqual(await database.rows('SELECT epoch, seen FROM sync.partitions'), [
    { epoch: '1', seen: '{[0,4)}' },
  ]);
  assert.deepEqual(await database.rows('SELECT epoch, seen FROM sync.closed_epochs'), [
    { epoch: '0', seen: '{[0,4)}' },
  ]);
});

/** The server's count, once the connections that had them have ended: only then it is complete. */
async function deadlocks(database: TestDatabase, ended: pg.Pool): Promise<string | null> {
  await ended.end();
  const deadline = Date.now() + 20_000;
  for (;;) {
    const [row] = await database.rows(
      `SELECT deadlocks, (SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ending') AS left
       FROM pg_stat_database WHERE datname = current_database()`,
    );
    if (row!['left'] === '0') return row!['deadlocks']!;
    assert.ok(Date.now() < deadline, 'the connections have ended');
    await delay(5);
  }
}

const endingPool = (database: TestDatabase) =>
  openDatabase({
    connection: { connectionString: `${database.url}?application_name=ending` },
    poolSize: 4,
    onIdleError: () => {},
  });

test('two batches with the same keys in opposite order do not deadlock: rows are locked by key', async (t) => {
  const database = await testDatabase(t);
  const pool = endingPool(database);
  const rules = rulesFor(pool, 'ledger');
  const batch = (partition: Partition, ...ids: string[]) =>
    ids.map((id) => partition.event(entry(id, { wallet_id: `of-${ids[0]}` })));
  const release = await hold(database, {
    table: 'bo.ledger_entries',
    when: `NEW.tx_id = 'b' AND NEW.wallet_id = 'of-a'`,
  });
  const first = ingest(rules, batch(new Partition(0), 'a', 'b'));
  await untilWaiting(database, 1);
  const second = ingest(rules, batch(new Partition(1), 'b', 'a'));
  await untilWaiting(database, 2);
  await release();
  await Promise.all([first, second]);
  assert.equal(await deadlocks(database, pool), '0');
});

test('two batches whose entries touch the same pairs in opposite order do not deadlock', async (t) => {
  const database = await testDatabase(t);
  const pool = endingPool(database);
  const rules = rulesFor(pool, 'ledger');
  const batch = (partition: Partition, type: string, ...orders: string[]) =>
    orders.map((id, index) =>
      partition.event(entry(`${type}${index}`, { entry_type: type, related_id: id })),
    );
  const release = await hold(database, beforeLock(`NEW.payment_order_id = 'o2' AND NEW.payment_count = 1`));
  const first = ingest(rules, batch(new Partition(0), 'PAYMENT', 'o1', 'o2'));
  await untilWaiting(database, 1);
  const second = ingest(rules, batch(new Partition(1), 'RECEIVE', 'o2', 'o1'));
  await untilWaiting(database, 2);
  await release();
  await Promise.all([first, second]);
  assert.equal(await deadlocks(database, pool), '0');
  assert.equal((await pairOf(database)).filter((pair) => pair.startsWith('COMPLETE')).length, 2);
});

test('two deliveries of the same dead letters in opposite order do not deadlock: they are written by position', async (t) => {
  const database = await testDatabase(t);
  const pool = endingPool(database);
  const rules = rulesFor(pool, 'ledger');
  const partition = new Partition(0);
  const letters = [1, 2, 3].map(() => partition.event('{'));
  const [one, two, three] = letters.map((letter) => ({ ...letter, correlationId: 'first' }));
  const release = await hold(database, {
    table: 'bo.consumer_dlq_events',
    when: `NEW.correlation_id = 'first' AND NEW.sequence_number = ${three!.sequenceNumber}`,
  });
  const first = ingest(rules, [two!, three!, one!]);
  await untilWaiting(database, 1);
  const second = ingest(rules, letters.slice(0, 2));
  await untilWaiting(database, 2);
  await release();
  await Promise.all([first, second]);
  assert.equal(await deadlocks(database, pool), '0');
  assert.equal((await database.rows('SELECT FROM bo.consumer_dlq_events')).length, 3);
});

test('a deadlock with a session that locks the other way round: the batch is tried again and succeeds', async (t) => {
  const database = await testDatabase(t);
  const pool = endingPool(database);
  const rules = rulesFor(pool, 'ledger');
  const partition = new Partition(0);
  await ingest(rules, [partition.event(entry('a')), partition.event(entry('b'))]);
  const other = await database.pool.connect();
  const lock = (id: string) => other.query('SELECT FROM bo.ledger_entries WHERE tx_id = $1 FOR UPDATE', [id]);
  // The batch is the one that notices, and so the one that PostgreSQL ends.
  await other.query("SET deadlock_timeout = '60s'");
  await other.query('BEGIN');
  await lock('b');
  const update = { version: 2, amount: 7 };
  const batch = ingest(rules, [partition.event(entry('a', update)), partition.event(entry('b', update))]);
  await untilWaiting(database, 1);
  await lock('a');
  await other.query('COMMIT');
  other.release(true);
  const { outcomes, redelivered } = await batch;
  assert.deepEqual([outcomes.applied, redelivered], [2, 0]);
  assert.deepEqual(await database.rows('SELECT tx_id, amount FROM bo.ledger_entries ORDER BY 1'), [
    { tx_id: 'a', amount: '7' },
    { tx_id: 'b', amount: '7' },
  ]);
  const [counted] = await database.rows('SELECT applied, redelivered FROM sync.hourly_counters');
  assert.deepEqual(counted, { applied: '4', redelivered: '0' });
  assert.equal(await deadlocks(database, pool), '1');
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
