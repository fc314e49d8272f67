import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventHubProducerClient } from '@azure/event-hubs';
import { expect, test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { hubConnector } from '../../shared/settings/eventHubsConnection.ts';
import { startEmulator } from '../../tools/local/emulator/emulator.ts';
import { CANONICAL_SETTINGS, entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { cli, loginWith } from '../support/operatorCommands.ts';

const fits = (text: string) =>
  assert.deepEqual(
    text.split('\n').filter((line) => line.length > 80),
    [],
  );

test('an entry, an order, a wallet, a dead letter and an unknown id: each is said to be what it is', async (t) => {
  const database = await testDatabase(t);
  const url = await loginWith(t, database, 'bo_operator');
  const partition = new Partition(2);
  const ledger = rulesFor(database.pool, 'ledger');
  await ingest(ledger, [
    partition.event(
      entry('tx-1', { wallet_id: 'w-17', related_id: 'o-1', currency: 'KRW', amount: '12000.00' }),
    ),
    partition.event(
      entry('tx-2', { wallet_id: 'w-99', related_id: 'o-1', entry_type: 'RECEIVE', amount: '12000.00' }),
    ),
    partition.event(entry('tx-3', { wallet_id: 'w-17', related_id: null })),
    partition.event(entry('tx-1', { amount: 'no amount' }), { key: 'tx-1' }),
    partition.event({ tx_id: 'tx-9' }, { key: 'tx-9' }),
  ]);
  await ingest(rulesFor(database.pool, 'payment_order'), [
    new Partition(1).event(order('o-1', { user_id: 'user-secret', amount: '12000.00', status: 'SETTLED' })),
  ]);
  const [first] = await database.rows('SELECT min(dlq_id) AS id FROM bo.consumer_dlq_events');
  const explain = (id: string, ...words: string[]) => cli(['explain', id, ...words], { DATABASE_URL: url });

  const ofEntry = await explain('tx-1');
  assert.equal(ofEntry.code, 0, ofEntry.err);
  assert.match(
    ofEntry.err,
    /^Target: database scratch_\w+ at 127\.0\.0\.1:\d+ as explain_\w+, no Event Hubs, profile canonical-v1 \(this machine\)\n/,
  );
  assert.match(
    ofEntry.out,
    /^PAYMENT of 12000\.00 KRW, wallet w-17; its pair is COMPLETE: one PAYMENT and one\s+RECEIVE have come; written/,
  );
  for (const fact of [
    /from +ledger\.entry\.upserted, partition 2, number 0, enqueued\s+2026-11-22 12:00:00Z, profile canonical-v1/,
    /Payment order o-1\n {2}SETTLED, 12000\.00/,
    /Pair: COMPLETE\n {2}because one PAYMENT and one RECEIVE have come/,
    /Settlement: PAID\n {2}paid 12000\.00 KRW, refunded 0, [\s\S]* {2}adds up/,
    /Entries: 1 PAYMENT \(12000\.00\), 1 RECEIVE \(12000\.00\)/,
    new RegExp(`Dead letters of this key, the latest first\\n  ${first!['id']}  core_invalid: amount:`),
  ]) {
    assert.match(ofEntry.out, fact);
  }
  fits(ofEntry.out);

  const ofOrder = await explain('o-1');
  assert.match(ofOrder.out, /^SETTLED order of 12000\.00, w-17 to w-99; the pair is COMPLETE/);
  assert.match(ofOrder.out, /user_id +\(hidden: role bo_user_ids\)/);
  assert.ok(!ofOrder.out.includes('user-secret'));
  fits(ofOrder.out);

  const ofWallet = await explain('w-17');
  assert.match(ofWallet.out, /^A wallet with 2 entries from 2026-11-22 11:00:00Z on/);
  const ofLetter = await explain(first!['id']!);
  assert.match(
    ofLetter.out,
    /^An event of ledger\.entry\.upserted that was refused: core_invalid \(amount: /,
  );
  assert.match(ofLetter.out.replace(/\s+/g, ' '), /what to do .*A replay would be refused: core_invalid/);
  assert.match(ofLetter.out, /key +\(hidden/);
  const onlyParked = await explain('tx-9');
  assert.match(onlyParked.out, /^No row has this id: what came under this key was refused\./);
  assert.equal(onlyParked.code, 0);

  const unknown = await explain('tx-100');
  assert.equal(unknown.code, 4);
  assert.match(unknown.err, /Nothing has this id: .* npm run cli -- find PREFIX/);
  assert.ok(!unknown.err.includes('tx-100'));

  const mayLook = await cli(['explain', 'o-1', '--json'], {
    DATABASE_URL: await loginWith(t, database, 'bo_operator', 'bo_user_ids'),
  });
  assert.equal(JSON.parse(mayLook.out).payment.order.columns.user_id, 'user-secret');
  assert.deepEqual(JSON.parse(mayLook.out).is, ['a payment order']);

  const audited = await database.rows(
    `SELECT action, details ->> 'sequence_number' AS number, result ->> 'user_ids' AS user_ids FROM sync.audit_log
     WHERE action = 'explain' ORDER BY audit_id`,
  );
  assert.deepEqual(
    audited.map(({ number }) => number),
    ['0', '0', null, null, null, null, '0'],
  );
  assert.equal(audited.at(-1)!['user_ids'], 'true');
  const [{ text }] = (await database.rows(
    `SELECT string_agg(l::text, ' ') AS text FROM sync.audit_log l`,
  )) as [{ text: string }];
  for (const id of ['tx-1', 'o-1', 'w-17', 'user-secret']) assert.ok(!text.includes(id), id);
});

test('an id that is several things says so', async (t) => {
  const database = await testDatabase(t);
  const url = await loginWith(t, database, 'bo_operator');
  const partition = new Partition();
  await ingest(rulesFor(database.pool, 'ledger'), [
    partition.event(entry('same', { wallet_id: 'same', related_id: 'same' })),
    partition.event('{'),
  ]);
  const { out } = await cli(['explain', 'same'], { DATABASE_URL: url });
  assert.match(
    out.replace(/\s+/g, ' '),
    /^This id is 3 things: a ledger entry; a payment whose order has not come; a wallet\./,
  );
  assert.match(out.replace(/\s+/g, ' '), /INCOMPLETE: no RECEIVE has come yet/);
});

test('a dead letter that a replay would store now says so, and is not touched', async (t) => {
  const database = await testDatabase(t);
  const url = await loginWith(t, database, 'bo_operator');
  const early = { ...rulesFor(database.pool, 'ledger'), maxClockSkew: 0 };
  await ingest(early, [new Partition().event(entry('tx-1', { updated_at: '2026-11-22T12:00:10Z' }))]);
  const [letter] = await database.rows('SELECT dlq_id, error FROM bo.consumer_dlq_events');
  assert.equal(letter!['error'], 'timestamp_in_future');
  const { out } = await cli(['explain', letter!['dlq_id']!, '--json'], { DATABASE_URL: url });
  assert.match(JSON.parse(out).deadLetter.replay, /^A replay would succeed now: replay run --ids \d+/);
  assert.deepEqual(await database.rows('SELECT count(*) FROM bo.ledger_entries'), [{ count: '0' }]);
  assert.deepEqual(await database.rows('SELECT replay_count FROM bo.consumer_dlq_events'), [
    { replay_count: '0' },
  ]);
});

test('find: what begins like this, of each kind, bounded', async (t) => {
  const database = await testDatabase(t);
  const url = await loginWith(t, database, 'bo_operator');
  const partition = new Partition();
  const ids = ['ab', 'ab-1', 'ab_2', 'aB-3', 'ab%', 'ac', '가나-1', '가나-2'];
  await ingest(
    rulesFor(database.pool, 'ledger'),
    ids.map((id) => partition.event(entry(id, { wallet_id: `w-${id}`, related_id: `r-${id}` }))),
  );
  const find = async (prefix: string, ...words: string[]) => {
    const { code, out } = await cli(['find', prefix, '--json', ...words], { DATABASE_URL: url });
    return [code, JSON.parse(out).map(({ kind, id }: { kind: string; id: string }) => `${kind} ${id}`)];
  };
  assert.deepEqual(await find('ab'), [
    0,
    ['ledger entry ab', 'ledger entry ab%', 'ledger entry ab-1', 'ledger entry ab_2'],
  ]);
  assert.deepEqual(await find('ab', '--limit', '2'), [0, ['ledger entry ab', 'ledger entry ab%']]);
  assert.deepEqual(await find('w-a', '--limit', '3'), [0, ['wallet w-aB-3', 'wallet w-ab', 'wallet w-ab%']]);
  assert.deepEqual(await find('r-가'), [0, ['payment r-가나-1', 'payment r-가나-2']]);
  assert.deepEqual(await find('nothing'), [4, []]);
});

test('what explain and find ask is found by an index, and by no scan of a table', async (t) => {
  const database = await testDatabase(t);
  await database.pool.query('SET enable_seqscan = off');
  for (const condition of [
    "FROM bo.ledger_entries WHERE tx_id ^@ 'ab' ORDER BY tx_id LIMIT 20",
    "FROM bo.payment_orders WHERE order_id ^@ 'ab' ORDER BY order_id LIMIT 20",
    "FROM bo.payment_ledger_pairs WHERE payment_order_id ^@ 'ab' ORDER BY payment_order_id LIMIT 20",
    "FROM bo.consumer_dlq_events WHERE key = ANY ('{a,b}')",
  ]) {
    const client = await database.pool.connect();
    try {
      await client.query('SET enable_seqscan = off');
      const { rows } = await client.query(`EXPLAIN SELECT * ${condition}`);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, /Index Cond: .*(>=|key =)/, plan);
    } finally {
      client.release(true);
    }
  }
});

test('a group of 200,000 entries is counted, and its first and last are shown, in less than a second', async (t) => {
  const database = await testDatabase(t);
  const url = await loginWith(t, database, 'bo_operator');
  await database.pool.query(
    `INSERT INTO bo.ledger_entries (tx_id, wallet_id, entry_type, amount, related_id, event_time, created_at, source_enqueued_at,
       source_partition, source_sequence, ingested_at)
     SELECT 'tx-' || n, 'w-' || n % 10, CASE n % 2 WHEN 0 THEN 'PAYMENT' ELSE 'RECEIVE' END, 1, 'N/A',
       timestamptz '2026-11-22 00:00Z' + n * interval '1 second', now(), now(), 0, n, now()
     FROM generate_series(1, 200000) n`,
  );
  await database.pool.query('ANALYZE bo.ledger_entries');
  const startedAt = performance.now();
  const { code, out, err } = await cli(['explain', 'N/A', '--json'], { DATABASE_URL: url });
  const took = performance.now() - startedAt;
  assert.equal(code, 0, err);
  const { entries } = JSON.parse(out).payment;
  assert.deepEqual(entries.kinds, [
    { entry_type: 'PAYMENT', entries: 100_000, amount: '100000' },
    { entry_type: 'RECEIVE', entries: 100_000, amount: '100000' },
  ]);
  const ids = (list: { tx_id: string }[]) => list.map(({ tx_id }) => tx_id);
  assert.deepEqual(ids(entries.first), ['tx-1', 'tx-2', 'tx-3', 'tx-4']);
  assert.deepEqual(ids(entries.last), ['tx-199997', 'tx-199998', 'tx-199999', 'tx-200000']);
  // The start of the program is most of it.
  expect(took).toBeLessThan(6000);
  const { rows } = await database.pool.query(
    "EXPLAIN (ANALYZE, TIMING off, FORMAT json) SELECT count(*), sum(amount) FROM bo.ledger_entries WHERE related_id = 'N/A'",
  );
  expect(rows[0]['QUERY PLAN'][0]['Execution Time']).toBeLessThan(1000);
});

test('--events: each event that the hub holds, in order, with its verdict and what differs', async (t) => {
  const database = await testDatabase(t);
  const url = await loginWith(t, database, 'bo_operator');
  const directory = mkdtempSync(join(tmpdir(), 'explain-'));
  const topic = CANONICAL_SETTINGS.topics.ledger;
  const emulator = await startEmulator({ port: 0, directory, hubs: [{ name: topic, partitions: 3 }] });
  t.onTestFinished(async () => {
    await emulator.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const producer = new EventHubProducerClient(emulator.connectionString, topic);
  const send = (body: unknown, key = 'tx-1') => producer.sendBatch([{ body }], { partitionKey: key });
  const at = (time: string, change: object = {}) =>
    entry('tx-1', { updated_at: `2026-11-22T11:00:0${time}Z`, ...change });
  const history = [
    at('1', { amount: '1', version: 1 }),
    at('3', { amount: '3', version: 3 }),
    at('2', { amount: '2', version: 2 }),
    at('3', { amount: '3.00', version: 3 }),
    at('3', { amount: '4', version: 3 }),
    { tx_id: 'tx-1', amount: 'none' },
    Buffer.from('not json'),
    at('4', { amount: '4', version: 4, wallet_id: 'w-2' }),
  ];
  for (const body of history) await send(body);
  for (let n = 0; n < 20; n++) await send(entry(`other-${n}`, { wallet_id: 'tx-1' }), `other-${n}`);
  await producer.close();
  const hub = new HubReader(hubConnector({ connectionString: emulator.connectionString }));
  const rules = ingestRules(CANONICAL_SETTINGS, database.pool, 'ledger');
  for (const { partition, first, last } of await hub.heldNumbers(topic)) {
    if (last < first) continue;
    await hub.read(
      topic,
      partition,
      { from: first, to: last },
      async (events) => (await ingest(rules, events)).received > 0,
    );
  }

  const environment = { DATABASE_URL: url, EventHubs: emulator.connectionString };
  const { code, out, err } = await cli(
    ['explain', 'tx-1', '--events', '--json', '--since', '2020-01-01T00:00:00Z'],
    environment,
  );
  assert.equal(code, 0, err);
  const [found] = JSON.parse(out).events;
  assert.deepEqual(
    found.events.map(({ verdict, against }: { verdict: string; against: number | null }) => [
      verdict,
      against,
    ]),
    [
      ['applied', null],
      ['applied', 1],
      ['stale', 2],
      ['duplicate', 2],
      ['conflict', 4],
      ['dead_lettered', null],
      ['dead_lettered', null],
      ['applied', 5],
    ],
  );
  // The later one of two with the same content and revision is the row's.
  assert.equal(found.partitions.length, 1);
  assert.equal(found.row, 'is the highest of these');
  assert.deepEqual(
    found.events
      .at(-1)
      .differs.map(({ field, was, is }: Record<string, string>) => `${field} ${was} -> ${is}`),
    [
      'wallet_id wallet-of-tx-1 -> w-2',
      'updated_at 2026-11-22 11:00:03Z -> 2026-11-22 11:00:04Z',
      'version 3 -> 4',
    ],
  );
  assert.match(err, /ledger\.entry\.upserted: \d+ of \d+ events looked at, done\./);

  const shown = await cli(['explain', 'tx-1', '--events', '--since', '2020-01-01T00:00:00Z'], environment);
  assert.match(shown.out, /applied, highest\n {4}against 5: wallet_id wallet-of-tx-1 -> w-2/);
  fits(shown.out);
  const bounded = await cli(['explain', 'tx-1', '--events', '--most', '2', '--json'], environment);
  const [cut] = JSON.parse(bounded.out).events;
  assert.deepEqual([cut.looked, cut.cut], [2, 'most']);
});
