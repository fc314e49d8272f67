import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { confirmation, entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

// The commands as an operator runs them, on files, against a real PostgreSQL.

const folder = mkdtempSync(join(tmpdir(), 'dumps-'));
afterAll(() => rmSync(folder, { recursive: true }));
const SEED = 71;
/** After the events of support/events.ts were enqueued. */
const AS_OF = '2026-11-23T00:00:00Z';

function start(
  database: TestDatabase,
  words: readonly string[],
  input?: string,
  environment: object = {},
): ChildProcess {
  const child = spawn(process.execPath, ['tools/operator/main.ts', ...words, '--as-of', AS_OF, '--json'], {
    env: { ...process.env, DATABASE_URL: operatorUrl(database), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input ?? '');
  return child;
}

async function cli(
  database: TestDatabase,
  words: readonly string[],
  input?: string,
  environment: object = {},
) {
  const child = start(database, words, input, environment);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  const results = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, results, err };
}

const OPERATOR = { user: `dumps_operator_${process.pid}`, password: 'local' };

/** As a login of the command line's own role: what it may not do fails here as well. */
function operatorUrl({ url }: TestDatabase): string {
  const as = new URL(url);
  as.username = OPERATOR.user;
  as.password = OPERATOR.password;
  return as.href;
}

beforeAll(() =>
  withClient(process.env['TEST_POSTGRES_URL']!, async (client) => {
    // The roles come with the first migrated database.
    await testDatabase({ onTestFinished: () => {} }).then(({ pool }) => pool.end());
    await client.query(
      `CREATE ROLE ${OPERATOR.user} LOGIN PASSWORD '${OPERATOR.password}' IN ROLE bo_operator`,
    );
  }),
);

const file = (name: string, content: string | Buffer) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const COLUMNS = [
  'tx_id',
  'wallet_id',
  'type',
  'amount',
  'related_id',
  'event_time',
  'updated_at',
  'source_version',
];
const csv = (rows: readonly Record<string, unknown>[]) =>
  [COLUMNS.join(), ...rows.map((row) => COLUMNS.map((name) => row[name] ?? '').join())]
    .map((line) => `${line}\n`)
    .join('');
const asRow = (txId: string, change: object = {}) => {
  const {
    entry_type: type,
    version: source_version,
    ...rest
  } = entry(txId, change) as Record<string, unknown>;
  return { ...rest, type, source_version };
};

const TABLES = [
  `SELECT tx_id, wallet_id, entry_type, amount, related_id, event_time, updated_at, source_version, source_enqueued_at,
     source_partition, source_sequence FROM bo.ledger_entries ORDER BY 1`,
  'SELECT order_id, amount, status, source_enqueued_at, source_partition, source_sequence FROM bo.payment_orders ORDER BY 1',
  `SELECT payment_order_id, payment_tx_id, receive_tx_id, amount, status, pairing_status, mismatch, event_time
     FROM bo.payment_ledger_pairs ORDER BY 1`,
];
const tables = async (database: TestDatabase) => {
  const all = [];
  for (const query of TABLES) all.push(await database.rows(query));
  return all;
};

test('beside a deployment the mode of user ids has to be named: the default would store them as they are', async (t) => {
  const database = await testDatabase(t);
  const { hostname, pathname } = new URL(database.url);
  const entra = {
    DATABASE_AUTH: 'entra',
    PGHOST: hostname,
    PGDATABASE: pathname.slice(1),
    PGUSER: 'operators',
  };
  for (const command of ['backfill', 'reconcile']) {
    const { code, err } = await cli(database, [command, '--orders', 'absent.csv'], '', entra);
    assert.equal(code, 2, err);
    assert.match(err, /^USER_ID_MODE is missing/);
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
      const [ofOrders, ofLedger] = results;
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

test('the same file under a mended profile, and one that was mended in its middle, are read again', async (t) => {
  const database = await testDatabase(t);
  const rows = Array.from({ length: 40_000 }, (_, index) => asRow(`m${index}`, { related_id: '' }));
  const text = csv(rows).replace('m20000,wallet-of-m20000', 'm20000,               ');
  const path = file('mended.csv', text.replace('wallet_id', 'purse'));
  const profile = JSON.parse(readFileSync('shared/profiles/canonical-v1.json', 'utf8'));
  profile.topics.ledger.aliases.wallet_id = ['purse'];
  const profileFile = file('profile.json', JSON.stringify(profile));
  assert.equal((await cli(database, ['backfill', '--ledger', path])).code, 2);
  const under = { EVENT_PROFILE_FILE: profileFile };
  const first = await cli(database, ['backfill', '--ledger', path], undefined, under);
  assert.deepEqual([first.results[0]?.['applied'], first.results[0]?.['rejected']], [39_999, 1], first.err);
  // Mended in its middle, at the same length.
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace('m20000,               ', 'm20000,wallet-of-mended'),
  );
  const second = await cli(database, ['backfill', '--ledger', path], undefined, under);
  assert.deepEqual(
    [second.code, second.results[0]?.['applied'], second.results[0]?.['rejected']],
    [0, 1, 0],
    second.err,
  );
  assert.equal(existsSync(`${path}.rejected.ndjson`), false, 'the file of the first run is gone');
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

test(`killed three times and resumed, a backfill loads every line once (seed ${SEED})`, async (t) => {
  const database = await testDatabase(t);
  const random = new Random(SEED);
  const rows = Array.from({ length: 60_000 }, (_, index) =>
    asRow(`tx-${index}`, {
      related_id: `o-${index >> 1}`,
      entry_type: index % 2 === 0 ? 'PAYMENT' : 'RECEIVE',
      amount: `${index}.5`,
    }),
  );
  const path = file('killed.csv', csv(rows));
  const done = async () =>
    Number((await database.rows('SELECT coalesce(sum(applied), 0) AS n FROM sync.backfills'))[0]?.['n']);
  for (let kill = 1; kill <= 3; kill++) {
    const before = await done();
    const child = start(database, ['backfill', '--ledger', path]);
    const more = 2000 + random.below(8000);
    await until('some of it is loaded', 60_000, async () => (await done()) > before + more);
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  const { code, results, err } = await cli(database, ['backfill', '--ledger', path]);
  assert.equal(code, 0, err);
  assert.match(err, /goes on/);
  const [result] = results;
  assert.deepEqual(
    ['read', 'applied', 'stale', 'duplicate', 'conflict'].map((name) => result?.[name]),
    [60_000, 60_000, 0, 0, 0],
  );
  const [count] = await database.rows(
    `SELECT count(*) AS rows, count(DISTINCT source_sequence) AS lines, (SELECT count(*) FROM bo.payment_ledger_pairs
       WHERE pairing_status = 'COMPLETE') AS pairs FROM bo.ledger_entries`,
  );
  assert.deepEqual(count, { rows: '60000', lines: '60000', pairs: '30000' });
  assert.equal(existsSync(`${path}.rejected.ndjson`), false);
});

test('two backfills and the stream at once end as one after the other', async (t) => {
  const [database, calm] = [await testDatabase(t), await testDatabase(t)];
  const row = (index: number, version: number) =>
    asRow(`t-${index}`, {
      version,
      related_id: `o-${index % 500}`,
      entry_type: index % 2 ? 'PAYMENT' : 'RECEIVE',
      amount: version,
    });
  const older = file('older.csv', csv(Array.from({ length: 6000 }, (_, index) => row(index, 1))));
  const newer = file(
    'newer.csv',
    csv(Array.from({ length: 6000 }, (_, index) => row(5999 - index, 3)).filter((_, index) => index % 3 > 0)),
  );
  const partition = new Partition();
  const events = Array.from({ length: 3000 }, (_, index) =>
    partition.event(entry(`t-${index * 2}`, { version: 2, related_id: `o-${index % 700}` })),
  );
  const stream = async (into: TestDatabase) => {
    for (let from = 0; from < events.length; from += 100) {
      await ingest(rulesFor(into.pool, 'ledger'), events.slice(from, from + 100));
    }
  };
  await Promise.all([
    cli(database, ['backfill', '--ledger', older, '--connections', '3']),
    cli(database, ['backfill', '--ledger', newer, '--connections', '3']),
    stream(database),
  ]);
  await cli(calm, ['backfill', '--ledger', newer]);
  await stream(calm);
  await cli(calm, ['backfill', '--ledger', older]);
  assert.deepEqual(await tables(database), await tables(calm));
});

test('reconcile explains each kind of difference, repairs what it may, and then finds the rest only', async (t) => {
  const database = await testDatabase(t);
  const dumped = Array.from({ length: 3000 }, (_, index) =>
    asRow(`r-${index}`, { version: 5, related_id: `o-${index % 100}` }),
  );
  const path = file('source.csv', csv(dumped));
  const partition = new Partition();
  const of = (index: number, change: object = {}) =>
    partition.event(entry(`r-${index}`, { version: 5, related_id: `o-${index % 100}`, ...change }));
  const events = dumped.flatMap((_, index) => {
    if (index < 50) return []; // missing
    if (index < 100) return [of(index, { version: 4, amount: '1' })]; // older here
    if (index < 150) return [of(index, { version: 6, amount: '2' })]; // newer here
    if (index < 200) return [of(index, { wallet_id: 'another' })]; // different at the same version
    return [of(index)];
  });
  for (let index = 0; index < 50; index++) events.push(partition.event(entry(`extra-${index}`)));
  const tomorrow = Date.parse(AS_OF) * 1000 + 1_000_000;
  for (let index = 200; index < 250; index++)
    events.push({ ...of(index, { version: 9 }), enqueuedAt: tomorrow });
  events.push({ ...partition.event(entry('new since')), enqueuedAt: tomorrow });
  for (let from = 0; from < events.length; from += 500) {
    await ingest(rulesFor(database.pool, 'ledger'), events.slice(from, from + 500));
  }
  const planted = { missing: 50, extra: 50, older_here: 50, newer_here: 50, different_at_same_version: 50 };
  const counts = (result: Record<string, unknown> | undefined) =>
    Object.fromEntries(Object.keys(planted).map((name) => [name, result?.[name]]));

  const first = await cli(database, ['reconcile', '--ledger', path]);
  assert.deepEqual([first.code, counts(first.results[0])], [1, planted], first.err);
  assert.deepEqual([first.results[0]?.['since_changed'], first.results[0]?.['same']], [50, 2750]);
  const report = readFileSync(`${path}.differences.ndjson`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(report.length, 250);
  assert.deepEqual(
    report.find(({ key }) => key === 'r-60'),
    {
      finding: 'older_here',
      key: 'r-60',
      line: 62,
      members: { amount: { dump: '100.00', here: '1' }, version: { dump: '5', here: '4' } },
    },
  );
  const repaired = await cli(database, ['reconcile', '--ledger', path, '--repair']);
  assert.deepEqual(
    [repaired.code, repaired.results[0]?.['repaired'], repaired.results[0]?.['left']],
    [1, 150, 100],
  );
  const second = await cli(database, ['reconcile', '--ledger', path]);
  assert.deepEqual(counts(second.results[0]), {
    ...planted,
    missing: 0,
    older_here: 0,
    different_at_same_version: 0,
  });

  // Loaded from a dump, damaged by hand, mended from the same dump: its positions are those of the rows already.
  const damaged = await testDatabase(t);
  const small = file('small.csv', csv(dumped.slice(0, 10)));
  await cli(damaged, ['backfill', '--ledger', small]);
  await damaged.pool.query(`UPDATE bo.ledger_entries SET amount = 1 WHERE tx_id = 'r-3'`);
  const mended = await cli(damaged, ['reconcile', '--ledger', small, '--repair']);
  assert.deepEqual([mended.code, mended.results[0]?.['repaired'], mended.results[0]?.['left']], [0, 1, 0]);
  assert.deepEqual(await damaged.rows(`SELECT amount FROM bo.ledger_entries WHERE tx_id = 'r-3'`), [
    { amount: '100.00' },
  ]);

  const exact = file('exact.csv', csv(dumped.slice(250)));
  const clean = await testDatabase(t);
  await ingest(
    rulesFor(clean.pool, 'ledger'),
    dumped.slice(250).map((_, index) => of(index + 250)),
  );
  assert.equal((await cli(clean, ['reconcile', '--ledger', exact])).code, 0);
});
