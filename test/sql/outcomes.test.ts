import assert from 'node:assert/strict';
import { test } from 'vitest';
import { type FieldKind, LOGICAL_TOPICS, STORED_FIELDS } from '../../shared/contracts/fields.ts';
import { REJECTION_REASONS } from '../../shared/contracts/rejection.ts';
import { type IngestResult, ingest } from '../../shared/ingest/ingest.ts';
import {
  confirmation,
  entry,
  order,
  Partition,
  rulesFor,
  START,
  total,
} from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';

const later = (minutes: number) => new Date(START / 1000 + minutes * 60_000).toISOString();

/** Zero for every outcome that is not named. */
/** Those that a topic in JSON can have; the other one: avro.test.ts. */
const REASONS = REJECTION_REASONS.filter((reason) => reason !== 'not_avro');

function outcomes(counts: Partial<IngestResult['outcomes']>): IngestResult['outcomes'] {
  return { applied: 0, stale: 0, duplicate: 0, conflict: 0, dead_lettered: 0, ignored: 0, ...counts };
}

test('every reason for a dead letter is found in the table, with the exact bytes, and the good events are stored', async (t) => {
  const database = await testDatabase(t);
  // A row that only the database refuses.
  await database.pool.query(
    `ALTER TABLE bo.ledger_entries ADD CONSTRAINT no_guilty CHECK (wallet_id <> 'guilty')`,
  );
  const bodies: Record<string, object | string | Buffer> = {
    // Readable as it stands: what counts is that there was no text.
    unreadable_body: entry('u'),
    empty_body: '',
    not_utf8: Buffer.from([0x7b, 0xff, 0x7d]),
    not_json: '{"tx_id":',
    not_an_object: '[1]',
    unsupported_schema_version: entry('a', { schema_version: '2.0' }),
    alias_conflict: entry('b', { type: 'RECEIVE' }),
    core_missing: entry('c', { amount: null }),
    core_invalid: entry('d', { amount: '1,5' }),
    field_invalid: entry('e', { version: -1 }),
    timestamp_in_future: entry('f', { updated_at: later(60) }),
    rejected_by_database: entry('g', { wallet_id: 'guilty' }),
  };
  assert.deepEqual(Object.keys(bodies), [...REASONS]);

  const partition = new Partition(3);
  const events = Object.entries(bodies).flatMap(([reason, body]) => [
    partition.event(entry(`good-${reason}`)),
    partition.event(body, {
      ...{ key: `key-${reason}`, correlationId: `correlation-${reason}` },
      ...(reason === 'unreadable_body' && { unreadable: 'the body is an AMQP value that is a number' }),
    }),
  ]);
  const result = await ingest(rulesFor(database.pool, 'ledger'), events);
  assert.deepEqual(result.outcomes, outcomes({ applied: 12, dead_lettered: 12 }));
  assert.deepEqual(result.deadLetters, Object.fromEntries(REASONS.map((reason) => [reason, 1])));

  const found = await database.pool.query(
    `SELECT topic, partition, "offset", sequence_number::int, enqueued_at, key, payload, error, error_detail,
       profile_id, correlation_id, replay_count, resolved_at
     FROM bo.consumer_dlq_events ORDER BY sequence_number`,
  );
  const rejected = events.filter((_event, index) => index % 2 === 1);
  assert.equal(found.rows.length, rejected.length);
  found.rows.forEach((row, index) => {
    const event = rejected[index]!;
    const reason = REASONS[index]!;
    const { error_detail, ...rest } = row;
    assert.notEqual(error_detail, '');
    assert.deepEqual(rest, {
      topic: 'ledger.entry.upserted',
      partition: 3,
      offset: event.offset,
      sequence_number: event.sequenceNumber,
      enqueued_at: new Date(event.enqueuedAt / 1000),
      key: `key-${reason}`,
      payload: event.body,
      error: reason,
      profile_id: 'canonical-v1',
      correlation_id: `correlation-${reason}`,
      replay_count: 0,
      resolved_at: null,
    });
  });

  const again = await ingest(rulesFor(database.pool, 'ledger'), events);
  assert.deepEqual(again.outcomes, outcomes({ duplicate: 12, dead_lettered: 12 }));
  assert.equal(again.redelivered, 24);
  const [count] = await database.rows('SELECT count(*) FROM bo.consumer_dlq_events');
  assert.equal(count!['count'], '12');
  const [counted] = await database.rows(
    `SELECT applied, dead_lettered, duplicate, redelivered, core_violation FROM sync.hourly_counters`,
  );
  assert.deepEqual(counted, {
    applied: '12',
    dead_lettered: '12',
    duplicate: '0',
    redelivered: '24',
    core_violation: '3',
  });
});

test('an event is applied, stale, a duplicate or a conflict by its precedence against the stored row', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const rules = rulesFor(database.pool, 'ledger');
  const send = async (change: object, position = {}) => {
    const result = await ingest(rules, [partition.event(entry('x', change), position)]);
    const [outcome] = Object.entries(result.outcomes).find(([, count]) => count === 1)!;
    const [row] = await database.rows(
      'SELECT amount, updated_at, source_version, source_sequence FROM bo.ledger_entries',
    );
    return `${outcome}: ${row!['amount']} v${row!['source_version']} #${row!['source_sequence']}`;
  };
  const at = '2026-11-22T11:00:00Z';
  assert.equal(await send({ updated_at: null, version: null, amount: 1 }), 'applied: 1 vnull #0');
  assert.equal(await send({ updated_at: null, version: null, amount: 2 }), 'applied: 2 vnull #1');
  assert.equal(await send({ updated_at: null, version: null, amount: 2 }), 'duplicate: 2 vnull #2');
  const early = { sequenceNumber: 900, enqueuedAt: START - 5_000_000 };
  assert.equal(await send({ updated_at: null, version: null, amount: 9 }, early), 'stale: 2 vnull #2');
  assert.equal(await send({ updated_at: null, version: 1, amount: 3 }), 'applied: 3 v1 #4');
  assert.equal(await send({ updated_at: at, version: null, amount: 4 }), 'applied: 4 vnull #5');
  assert.equal(await send({ updated_at: null, version: 7, amount: 5 }), 'stale: 4 vnull #5');
  assert.equal(await send({ updated_at: at, version: 1, amount: 6 }), 'applied: 6 v1 #7');
  assert.equal(await send({ updated_at: at, version: 1, amount: '6.00' }), 'duplicate: 6.00 v1 #8');
  assert.equal(await send({ updated_at: at, version: 1, amount: 7 }), 'conflict: 7 v1 #9');
  assert.equal(
    await send({ updated_at: at, version: 1, amount: 8 }, { ...early, sequenceNumber: 901 }),
    'conflict: 7 v1 #9',
  );
  assert.equal(await send({ updated_at: at, version: 0, amount: 8 }), 'stale: 7 v1 #9');
  const [counted] = await database.rows(
    'SELECT mixed_axes, axis_inversions, version_missing FROM sync.hourly_counters',
  );
  assert.deepEqual(counted, { mixed_axes: '1', axis_inversions: '1', version_missing: '4' });
});

test('a profile that puts version first orders by version', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const rules = rulesFor(database.pool, 'payment_order', { versionFirst: true });
  const first = partition.event(
    order('o', { version: 2, updated_at: '2026-11-22T10:00:00Z', status: 'NEW' }),
  );
  const second = partition.event(
    order('o', { version: 1, updated_at: '2026-11-22T11:00:00Z', status: 'OLD' }),
  );
  assert.deepEqual((await ingest(rules, [first])).outcomes, outcomes({ applied: 1 }));
  assert.deepEqual((await ingest(rules, [second])).outcomes, outcomes({ stale: 1 }));
  const [row] = await database.rows('SELECT status FROM bo.payment_orders');
  assert.equal(row!['status'], 'NEW');
});

test('events of one key in one batch are held against the highest of them', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const rules = rulesFor(database.pool, 'ledger');
  const batch = [
    entry('x', { version: 2, amount: 1 }),
    entry('x', { version: 1 }),
    entry('x', { version: 2, amount: 2 }),
    entry('x', { version: 2, amount: '2.0' }),
  ].map((body) => partition.event(body));
  assert.deepEqual(
    (await ingest(rules, batch)).outcomes,
    outcomes({ applied: 1, stale: 1, conflict: 1, duplicate: 1 }),
  );
  const [row] = await database.rows('SELECT amount, source_sequence FROM bo.ledger_entries');
  assert.deepEqual(row, { amount: '2.0', source_sequence: '3' });

  // Held against a newer row of the table, all of them are stale.
  await ingest(rules, [partition.event(entry('x', { version: 5 }))]);
  const late = [
    partition.event(entry('x', { version: 3, amount: 1 })),
    partition.event(entry('x', { version: 3, amount: 2 })),
  ];
  assert.deepEqual((await ingest(rules, late)).outcomes, outcomes({ stale: 2 }));
});

test('a stale batch and a redelivered one write no row', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const rules = rulesFor(database.pool, 'ledger');
  const events = [1, 2, 3].map((number) => partition.event(entry(`x${number}`)));
  await ingest(rules, events);
  const versions = () =>
    database.rows('SELECT tx_id, xmin, ctid, ingested_at FROM bo.ledger_entries ORDER BY 1');
  const before = await versions();
  await ingest(rules, events);
  await ingest(rules, [partition.event(entry('x1', { version: 0 }))]);
  assert.deepEqual(await versions(), before);
});

test('an infrastructure failure stores nothing, dead-letters nothing, and is thrown', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const rules = rulesFor(database.pool, 'ledger');
  const events = [partition.event(entry('x')), partition.event('not json')];
  for (const [breakIt, mendIt, state] of [
    [
      'ALTER TABLE bo.payment_ledger_pairs RENAME TO hidden',
      'ALTER TABLE bo.hidden RENAME TO payment_ledger_pairs',
      '42P01',
    ],
    [
      `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON sync.hourly_counters EXECUTE FUNCTION full_disk()`,
      'DROP TRIGGER full_disk ON sync.hourly_counters',
      '53100',
    ],
  ] as const) {
    await database.pool.query(breakIt);
    await assert.rejects(ingest(rules, events), (error: { code?: string }) => error.code === state);
    await database.pool.query(mendIt);
    for (const table of [
      'bo.ledger_entries',
      'bo.consumer_dlq_events',
      'sync.partitions',
      'sync.hourly_counters',
    ]) {
      assert.deepEqual(await database.rows(`SELECT * FROM ${table}`), [], table);
    }
  }
  assert.deepEqual((await ingest(rules, events)).outcomes, outcomes({ applied: 1, dead_lettered: 1 }));
});

test('of a large batch only the guilty event is isolated', async (t) => {
  const database = await testDatabase(t);
  await database.pool.query(
    `ALTER TABLE bo.ledger_entries ADD CONSTRAINT no_guilty CHECK (wallet_id <> 'guilty')`,
  );
  const partition = new Partition();
  const events = Array.from({ length: 500 }, (_, index) =>
    partition.event(entry(`x${index}`, index % 150 === 7 ? { wallet_id: 'guilty' } : {})),
  );
  const result = await ingest(rulesFor(database.pool, 'ledger'), events);
  assert.deepEqual(result.outcomes, outcomes({ applied: 496, dead_lettered: 4 }));
  assert.deepEqual(result.deadLetters, { rejected_by_database: 4 });
  const [row] = await database.rows('SELECT seen FROM sync.partitions');
  assert.equal(row!['seen'], '{[0,500)}');
  const details = await database.rows('SELECT DISTINCT error_detail FROM bo.consumer_dlq_events');
  assert.deepEqual(details, [{ error_detail: 'SQLSTATE 23514' }]);
});

test('an infrastructure failure while a guilty event is looked for leaves nothing behind', async (t) => {
  const database = await testDatabase(t);
  await database.pool.query(`
    ALTER TABLE bo.ledger_entries ADD CONSTRAINT no_guilty CHECK (wallet_id <> 'guilty');
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON bo.ledger_entries FOR EACH ROW
      WHEN (NEW.wallet_id = 'last') EXECUTE FUNCTION full_disk()`);
  const partition = new Partition();
  // Sorted by key, the guilty row is met before the disk is full.
  const events = [
    entry('a'),
    entry('b', { wallet_id: 'guilty' }),
    entry('c'),
    entry('d', { wallet_id: 'last' }),
  ];
  const batch = events.map((body) => partition.event(body));
  const rules = rulesFor(database.pool, 'ledger');
  await assert.rejects(ingest(rules, batch), (error: { code?: string }) => error.code === '53100');
  for (const table of ['bo.ledger_entries', 'bo.consumer_dlq_events', 'sync.partitions']) {
    assert.deepEqual(await database.rows(`SELECT * FROM ${table}`), [], table);
  }
  await database.pool.query('DROP TRIGGER full_disk ON bo.ledger_entries');
  assert.deepEqual((await ingest(rules, batch)).outcomes, outcomes({ applied: 3, dead_lettered: 1 }));
});

test('mixed axes are counted alike in one batch and in two', async (t) => {
  for (const batches of [1, 2]) {
    const database = await testDatabase(t);
    const rules = rulesFor(database.pool, 'ledger');
    const partition = new Partition();
    await ingest(rules, [partition.event(entry('x'))]);
    const events = [1, 2].map((version) => partition.event(entry('x', { updated_at: null, version })));
    if (batches === 1) await ingest(rules, events);
    else for (const event of events) await ingest(rules, [event]);
    const [counted] = await database.rows('SELECT mixed_axes FROM sync.hourly_counters');
    assert.equal(counted!['mixed_axes'], '2');
  }
});

test('an event behind the one that outranks it, in one partition, is counted once', async (t) => {
  const at = (second: number) => `2026-11-22T11:00:0${second}Z`;
  for (const versionFirst of [false, true]) {
    for (const batches of [1, 2]) {
      const database = await testDatabase(t);
      const rules = rulesFor(database.pool, 'ledger');
      const topic = { ...rules, contract: { ...rules.contract, versionFirst } };
      const partition = new Partition();
      const elsewhere = new Partition(1);
      const order = (n: number) => ({
        updated_at: at(versionFirst ? 9 - n : n),
        version: versionFirst ? n : 9 - n,
      });
      const events = [4, 6, 5].map((n) => partition.event(entry('x', order(n))));
      if (batches === 1) await ingest(topic, events);
      else for (const event of events) await ingest(topic, [event]);
      // Again; from another partition; earlier in this one; without the axis.
      await ingest(topic, events);
      await ingest(topic, [elsewhere.event(entry('x', order(3)))]);
      await ingest(topic, [partition.event(entry('y', order(6)), { sequenceNumber: 60 })]);
      await ingest(topic, [partition.event(entry('y', order(5)), { sequenceNumber: 50, enqueuedAt: START })]);
      await ingest(topic, [
        partition.event(entry('y', { updated_at: null, version: null }), { sequenceNumber: 61 }),
      ]);
      const [counted] = await database.rows(
        'SELECT sum(axis_inversions) AS axis_inversions, sum(mixed_axes) AS mixed_axes FROM sync.hourly_counters',
      );
      assert.deepEqual(counted, { axis_inversions: '1', mixed_axes: '1' });
    }
  }
});

test('keys, aliases, foreign domains and missing relations are counted once each', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const events = [
    partition.event(entry('a'), { key: 'a' }),
    partition.event(entry('b'), { key: 'somebody' }),
    partition.event({ ...entry('c'), entry_type: undefined, type: 'PAYMENT' }),
    partition.event(entry('d', { related_type: 'PAYOUT' })),
    partition.event(entry('e', { related_id: null })),
    // A dead letter has its aliases counted as well.
    partition.event({ ...entry('f'), entry_type: undefined, type: 'PAYMENT', amount: 'x' }),
  ];
  const rules = rulesFor(database.pool, 'ledger');
  await ingest(rules, events);
  await ingest(rules, events);
  const [counted] = await database.rows(
    `SELECT key_mismatch, alias_hit, pairing_skipped, related_id_null, applied, redelivered FROM sync.hourly_counters`,
  );
  assert.deepEqual(counted, {
    key_mismatch: '1',
    alias_hit: '2',
    pairing_skipped: '1',
    related_id_null: '1',
    applied: '5',
    redelivered: '6',
  });
});

test('after ten batches of new keys the next ones are expected to be new, and a known key is found all the same', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition();
  // Counts what is undone as well.
  await database.pool.query(`
    CREATE SEQUENCE tried MINVALUE 0 START 0;
    CREATE FUNCTION count_tried() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM nextval('tried'); RETURN NEW; END $$;
    CREATE TRIGGER count_tried BEFORE INSERT ON bo.ledger_entries FOR EACH ROW EXECUTE FUNCTION count_tried();`);
  const tried = async () => Number((await database.rows(`SELECT nextval('tried')`))[0]!['nextval']);
  const expects = async () =>
    (await database.rows('SELECT new_batches FROM sync.partitions'))[0]!['new_batches'];
  // The first one begins the partition: there is nothing yet that it goes on from.
  for (let batch = 0; batch <= 10; batch++) await ingest(rules, [partition.event(entry(`x${batch}`))]);
  assert.equal(await expects(), '10');

  // a and b are inserted before x3 is found to be known; then all of it begins anew.
  const start = await tried();
  const newer = { version: 2, amount: '7.00' };
  const mixed = [entry('a'), entry('b'), entry('x3', newer)].map((body) => partition.event(body));
  const mixedResult = await ingest(rules, mixed);
  assert.deepEqual(mixedResult.outcomes, outcomes({ applied: 3 }));
  const rows = await database.rows(
    `SELECT tx_id, amount FROM bo.ledger_entries WHERE tx_id IN ('a', 'b', 'x3') ORDER BY 1`,
  );
  assert.deepEqual(rows, [
    { tx_id: 'a', amount: '100.00' },
    { tx_id: 'b', amount: '100.00' },
    { tx_id: 'x3', amount: '7.00' },
  ]);
  assert.equal(await expects(), '0');
  assert.equal(
    (await tried()) - start - 1,
    3 + 2 + 1,
    'inserts: three, then the two new ones, and the update',
  );

  // What was delivered before is never expected to be new: nothing is inserted and undone.
  await database.pool.query('UPDATE sync.partitions SET new_batches = 10');
  const before = await tried();
  const again = await ingest(rules, mixed);
  assert.deepEqual([again.outcomes.duplicate, again.redelivered], [3, 3]);
  // Nor what the broker's clock, set back, puts before the last one: it would not end the row of ten.
  const early = { enqueuedAt: START };
  const stale = await ingest(rules, [partition.event(entry('x3'), early)]);
  assert.deepEqual(stale.outcomes, outcomes({ stale: 1 }));
  assert.equal((await tried()) - before - 1, 0, 'inserts');
  assert.equal(await expects(), '10');
});

test('each field of the content counts: another value at the same version is a conflict, the same one a duplicate', async (t) => {
  const database = await testDatabase(t);
  const OTHER: Readonly<Record<FieldKind, unknown>> = {
    ...{ identifier: 'another', text: 'ANOTHER', currency: 'USD', money: '7.01' },
    ...{ timestamp: '2026-11-21T01:02:03Z', version: 9, schema_version: '1.9' },
    ...{ count: 9, source: 'payment_order' },
  };
  // Of these the key of a control total is made.
  const OF_A_WINDOW = ['topic', 'window_start'];
  const full = {
    ledger: entry('t', { source_created_at: '2026-11-22T10:00:00Z' }),
    payment_order: order('t'),
    pair: confirmation('t'),
    control: total('2026-11-21T01:00:00Z'),
  };
  for (const topic of LOGICAL_TOPICS) {
    const partition = new Partition();
    const rules = rulesFor(database.pool, topic);
    const feed = async (change: object) => {
      const { outcomes: counts } = await ingest(rules, [partition.event({ ...full[topic], ...change })]);
      return Object.entries(counts).find(([, count]) => count === 1)?.[0];
    };
    for (const { name, kind, role } of STORED_FIELDS[topic]) {
      if (role === 'key' || role === 'axis' || OF_A_WINDOW.includes(name)) continue;
      await database.pool.query(
        'TRUNCATE bo.ledger_entries, bo.payment_orders, sync.pair_confirmations, sync.source_totals',
      );
      assert.equal(await feed({}), 'applied');
      assert.equal(await feed({}), 'duplicate', `${topic}, ${name}`);
      assert.equal(
        await feed({ [name]: OTHER[kind] }),
        role === 'content' ? 'conflict' : 'duplicate',
        `${topic}, ${name}`,
      );
    }
  }
});

test('what a profile ignores leaves no row and no dead letter, takes its place in the ledger, and is counted once', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const ignored = new Set(['deletes', 'tombstones', 'connector_messages'] as const);
  const rules = rulesFor(database.pool, 'ledger', { ignored });
  const events = [
    entry('a'),
    '',
    'null',
    entry('a', { version: 9, amount: '0', __deleted: 'true' }),
    { ts_ms: 1_795_746_583_821 },
    'not json',
    entry('b'),
  ].map((body) => partition.event(body));
  const result = await ingest(rules, events);
  assert.deepEqual(result.outcomes, outcomes({ applied: 2, dead_lettered: 1, ignored: 4 }));
  assert.deepEqual([result.received, result.deadLetters], [7, { not_json: 1 }]);
  const again = await ingest(rules, events);
  assert.deepEqual(again.outcomes, outcomes({ duplicate: 2, dead_lettered: 1, ignored: 4 }));
  assert.equal(again.redelivered, 7);
  // A batch of nothing else, which the next one goes on from.
  const alone = [partition.event(''), partition.event('null')];
  assert.deepEqual((await ingest(rules, alone)).outcomes, outcomes({ ignored: 2 }));
  assert.equal((await ingest(rules, [partition.event('')])).redelivered, 0);

  assert.deepEqual(
    await database.rows('SELECT tx_id, amount, source_version FROM bo.ledger_entries ORDER BY 1'),
    [
      { tx_id: 'a', amount: '100.00', source_version: '1' },
      { tx_id: 'b', amount: '100.00', source_version: '1' },
    ],
  );
  assert.deepEqual(await database.rows('SELECT sequence_number, error FROM bo.consumer_dlq_events'), [
    { sequence_number: '5', error: 'not_json' },
  ]);
  const [counted] = await database.rows(
    `SELECT applied, dead_lettered, ignored, redelivered, core_violation, version_missing, related_id_null
     FROM sync.hourly_counters`,
  );
  const none = { core_violation: '0', version_missing: '0', related_id_null: '0' };
  assert.deepEqual(counted, { applied: '2', dead_lettered: '1', ignored: '7', redelivered: '7', ...none });
  const [ledger] = await database.rows('SELECT seen, event_watermark FROM sync.partitions');
  assert.equal(ledger!['seen'], '{[0,10)}');
});

test('whatever a delivery ends as, its number is counted with the outcome of its first commit', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const strict = rulesFor(database.pool, 'ledger');
  const lenient = rulesFor(database.pool, 'ledger', { ignored: new Set(['tombstones'] as const) });
  const [first, second] = [partition.event(''), partition.event('')];
  assert.deepEqual((await ingest(lenient, [first])).outcomes, outcomes({ ignored: 1 }));
  assert.deepEqual((await ingest(strict, [second])).outcomes, outcomes({ dead_lettered: 1 }));
  // The profile was changed, and both are delivered again.
  assert.deepEqual((await ingest(lenient, [first, second])).outcomes, outcomes({ ignored: 2 }));
  assert.deepEqual((await ingest(strict, [first, second])).outcomes, outcomes({ dead_lettered: 2 }));
  const [counted] = await database.rows(
    'SELECT dead_lettered, ignored, redelivered FROM sync.hourly_counters',
  );
  assert.deepEqual(counted, { dead_lettered: '1', ignored: '1', redelivered: '4' });
});

test('a counter that the previous release has begun is counted on', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const rules = rulesFor(database.pool, 'ledger', { ignored: new Set(['tombstones'] as const) });
  await ingest(rules, [partition.event(entry('a'))]);
  await database.pool.query('UPDATE sync.hourly_counters SET ignored = NULL');
  await ingest(rules, [partition.event('')]);
  assert.deepEqual(await database.rows('SELECT applied, ignored FROM sync.hourly_counters'), [
    { applied: '1', ignored: '1' },
  ]);
});
