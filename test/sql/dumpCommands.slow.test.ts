import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { confirmation, entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { asRow, cli, csv, file, folder, tables } from './dumpCommands.ts';

test('beside a deployment the mode of user ids has to be named: the default would store them as they are', async (t) => {
  const database = await testDatabase(t);
  const { hostname, pathname } = new URL(database.url);
  const entra = {
    DATABASE_URL: '',
    DATABASE_AUTH: 'entra',
    PGHOST: hostname,
    PGDATABASE: pathname.slice(1),
    PGUSER: 'operators',
  };
  for (const command of ['backfill', 'reconcile']) {
    const { code, err } = await cli(database, [command, '--orders', 'absent.csv'], '', entra);
    assert.equal(code, 2, err);
    assert.match(err, /^Target: .*\nUSER_ID_MODE is missing/);
    const named = await cli(database, [command, '--orders', 'absent.csv'], '', {
      ...entra,
      USER_ID_MODE: 'plain',
    });
    assert.match(named.err, /absent\.csv/);
  }
});

test('a dump before, between or after the events: the same tables; aliases, gzip, rejected lines, a window', async (t) => {
  const rows = [
    asRow('a', { updated_at: '2026-11-22T10:00:00Z', amount: '5' }),
    asRow('b', { entry_type: 'RECEIVE', related_id: 'order-1', amount: '100.00', version: 3 }),
    asRow('c', { amount: 'twelve' }),
    asRow('d', { event_time: '2026-10-01T00:00:00Z', related_id: '' }),
    asRow('e', { event_time: '2026-11-21 23:00:00+09', related_id: 'order-2' }),
  ];
  const ledger = file('ledger.csv.gz', gzipSync(csv(rows)));
  const orders = file(
    'orders.ndjson',
    `${JSON.stringify(order('order-1', { status: 'OLD', version: 0 }))}\n${JSON.stringify(order('order-2', { amount: 7 }))}\n`,
  );
  const partition = new Partition();
  const events = [
    partition.event(entry('a')),
    partition.event(entry('b', { entry_type: 'RECEIVE', version: 2, amount: '99' })),
    partition.event(entry('f', { related_id: 'order-2' })),
  ];
  const words = ['backfill', '--ledger', ledger, '--orders', orders, '--days', '30'];
  const databases = [await testDatabase(t), await testDatabase(t), await testDatabase(t)];
  const found = [];
  for (const [index, database] of databases.entries()) {
    const rules = rulesFor(database.pool, 'ledger');
    const load = async () => {
      const { code, results, err } = await cli(database, words);
      assert.equal(code, 1, err);
      const [ofLedger, ofOrders] = results;
      assert.deepEqual(
        [
          ofOrders?.['read'],
          ofOrders?.['rejected'],
          ofLedger?.['read'],
          ofLedger?.['outside'],
          ofLedger?.['rejected'],
        ],
        [2, 0, 5, 1, 1],
      );
    };
    if (index === 0) await load();
    await ingest(rules, events.slice(0, 2));
    if (index === 1) await load();
    await ingest(rules, events.slice(2));
    await ingest(rulesFor(database.pool, 'payment_order'), [
      new Partition().event(order('order-1', { version: 1 })),
    ]);
    await ingest(rulesFor(database.pool, 'pair'), [new Partition().event(confirmation('order-2'))]);
    if (index === 2) await load();
    found.push(await tables(database));
  }
  assert.deepEqual(found[1], found[0]);
  assert.deepEqual(found[2], found[0]);
  const [ledgerRows] = found[0]!;
  assert.deepEqual(
    ledgerRows!.map((row) => [row['tx_id'], row['source_partition'], row['amount']]),
    [
      ['a', '0', '100.00'],
      ['b', '-1', '100.00'],
      ['e', '-1', '100.00'],
      ['f', '0', '100.00'],
    ],
  );
  assert.deepEqual(
    readFileSync(`${ledger}.rejected.ndjson`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const { line: number, reason, detail } = JSON.parse(line);
        return [number, reason, detail.split(':')[0]];
      }),
    [[4, 'core_invalid', 'amount']],
  );
  const audited = await databases[0]!.rows(
    `SELECT action, result ->> 'rejected' AS rejected FROM sync.audit_log ORDER BY 1, 2`,
  );
  assert.deepEqual(audited, [
    { action: 'backfill', rejected: '0' },
    { action: 'backfill', rejected: '1' },
  ]);
});

test('a dump that was cut off loads no cut amount', async (t) => {
  const database = await testDatabase(t);
  const whole = csv([asRow('cut-1'), asRow('cut-2')]);
  const path = file('cut.csv', whole.slice(0, whole.indexOf(',order-1', whole.indexOf('cut-2')) - 1));
  const { code, results } = await cli(database, ['backfill', '--ledger', path]);
  assert.deepEqual([code, results[0]?.['applied'], results[0]?.['rejected']], [1, 1, 1]);
  assert.match(readFileSync(`${path}.rejected.ndjson`, 'utf8'), /the dump is cut off/);
  const packed = file('cut.csv.gz', gzipSync(whole).subarray(0, -12));
  const failed = await cli(database, ['backfill', '--ledger', packed]);
  assert.equal(failed.code, 2);
  assert.match(failed.err, /incomplete or damaged/);
});

test('a row that only the database refuses is rejected with its line; the others are loaded', async (t) => {
  const database = await testDatabase(t);
  await database.pool.query(`ALTER TABLE bo.ledger_entries ADD CHECK (wallet_id <> 'wallet-of-x7')`);
  const path = file('refused.csv', csv(Array.from({ length: 20 }, (_, index) => asRow(`x${index}`))));
  for (let run = 1; run <= 2; run++) {
    const { code, results, err } = await cli(database, ['backfill', '--ledger', path]);
    assert.equal(code, 1, err);
    const counted = [results[0]?.['applied'], results[0]?.['duplicate'], results[0]?.['rejected']];
    assert.deepEqual(counted, run === 1 ? [19, 0, 1] : [0, 19, 1]);
    assert.deepEqual(
      readFileSync(`${path}.rejected.ndjson`, 'utf8'),
      '{"line":9,"reason":"rejected_by_database","detail":"SQLSTATE 23514"}\n',
    );
  }
});

test('a dump without the columns that it needs, or none at all, says so before it loads', async (t) => {
  const database = await testDatabase(t);
  const { code, err } = await cli(database, ['backfill', '--ledger', '-'], 'tx_id,wallet_id\na,w\n');
  assert.equal(code, 2);
  assert.match(err, /no column for: entry_type or type; amount; event_time/);
  assert.equal((await cli(database, ['backfill', '--ledger', join(folder, 'none.csv')])).code, 2);
  assert.equal((await cli(database, ['backfill'])).code, 2);
});

test('what would destroy a file or load nonsense is refused before anything is read', async (t) => {
  const database = await testDatabase(t);
  const dump = csv([asRow('kept')]);
  const ledger = file('kept.csv', dump);
  const link = join(folder, 'link.csv');
  symlinkSync(ledger, link);
  const refused: [words: string[], said: RegExp][] = [
    [['backfill', '--ledger', ledger, '--rejected', ledger], /--rejected would overwrite kept\.csv/],
    [['backfill', '--ledger', ledger, '--rejected', link], /--rejected would overwrite link\.csv/],
    [
      ['reconcile', '--ledger', ledger, '--report', `${folder}/./kept.csv`],
      /--report would overwrite kept\.csv/,
    ],
    [['backfill', '--ledger', ledger, '--orders', ledger, '--rejected', 'r'], /one file for two dumps/],
    [
      ['backfill', '--ledger', ledger, '--since', '2026-11-20T00:00:00Z', '--until', '2026-11-01T00:00:00Z'],
      /--since is not before --until/,
    ],
    [['backfill', '--ledger', file('blank.csv', `\n${dump}`)], /The first line is empty/],
    [['backfill', '--ledger', file('bom.csv', '\uFEFF')], /empty|first line/],
    [
      ['backfill', '--ledger', file('twice.csv', dump.replace('wallet_id', 'amount'))],
      /two columns named amount/,
    ],
    [
      ['backfill', '--ledger', file('headless.csv', dump.split('\n').slice(1).join('\n'))],
      /first line has 8 values and does not look like/,
    ],
  ];
  for (const [words, said] of refused) {
    const { code, err } = await cli(database, words);
    assert.deepEqual([code, said.test(err)], [2, true], `${words.join(' ')}: ${err}`);
    assert.doesNotMatch(err, /wallet-of-kept|PostgreSQL/);
  }
  assert.equal(readFileSync(ledger, 'utf8'), dump);
  for (const [asOf, said] of [
    [new Date(Date.now() + 9 * 3_600_000).toISOString(), /minutes in the future/],
    ['2026-02-31T00:00:00Z', /There is no such day/],
  ] as const) {
    const { code, err } = await cli(database, ['backfill', '--ledger', ledger, '--as-of', asOf]);
    assert.deepEqual([code, said.test(err)], [2, true], err);
  }
  const nothing = ['--since', '2026-10-01T00:00:00Z', '--until', '2026-10-02T00:00:00Z'];
  const { code, err } = await cli(database, ['reconcile', '--ledger', ledger, ...nothing]);
  assert.equal(code, 1);
  assert.match(err, /Nothing was compared/);
});

test('a local time that a dump marks as UTC is named, and is no state to repair by', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const ids = ['a', 'b', 'c', 'd'];
  const utc = { event_time: '2026-11-20T01:00:00Z', updated_at: '2026-11-20T01:00:00Z' };
  await ingest(
    rulesFor(database.pool, 'ledger'),
    ids.map((id) => partition.event(entry(id, utc))),
  );
  const before = await tables(database);
  const seoul = { event_time: '2026-11-20T10:00:00Z', updated_at: '2026-11-20T10:00:00Z' };
  const ledger = file('called-utc.csv', csv(ids.map((id) => asRow(id, seoul))));
  const words = ['reconcile', '--ledger', ledger, '--as-of', '2026-11-26T00:00:00Z'];

  const compared = await cli(database, words);
  assert.equal(compared.code, 1, compared.err);
  assert.match(compared.err, /event_time is 9:00 later than here in 4 of 4 rows/);
  assert.match(compared.err, /updated_at is 9:00 later/);
  assert.equal(
    compared.results[0]?.['time_shifts'],
    'event_time +9:00, source_created_at +9:00, updated_at +9:00',
  );

  const refused = await cli(database, [...words, '--repair']);
  assert.equal(refused.code, 2, refused.err);
  assert.match(refused.err, /--times-are-right/);
  assert.deepEqual(await tables(database), before);

  const repaired = await cli(database, [...words, '--repair', '--times-are-right']);
  assert.equal(repaired.code, 0, repaired.err);
  assert.equal(repaired.results[0]?.['repaired'], 4);
});
