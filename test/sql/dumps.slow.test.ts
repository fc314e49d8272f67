import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { AS_OF, asRow, cli, csv, file, start, tables } from './dumpCommands.ts';

const SEED = 71;

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

test('a backfill that goes on names the rejected lines of before, also where their file is gone, and doubles none', async (t) => {
  const database = await testDatabase(t);
  const path = file(
    'faulty.csv',
    csv(
      Array.from({ length: 30_000 }, (_, index) =>
        asRow(`f${index}`, index % 100 === 7 ? { amount: 'much' } : {}),
      ),
    ),
  );
  const report = `${path}.rejected.ndjson`;
  const wanted = Array.from({ length: 300 }, (_, index) => index * 100 + 9);
  const killed = async () => {
    const child = start(database, ['backfill', '--ledger', path]);
    const [before] = await database.rows('SELECT coalesce(sum(lines), 0) AS lines FROM sync.backfills');
    await until('more of it is loaded', 60_000, async () => {
      const [now] = await database.rows('SELECT coalesce(sum(lines), 0) AS lines FROM sync.backfills');
      return Number(now?.['lines']) > Number(before?.['lines']);
    });
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  const lines = () =>
    readFileSync(report, 'utf8')
      .trim()
      .split('\n')
      .map((line) => Number(JSON.parse(line).line));
  await killed();
  await killed();
  rmSync(report);
  await killed();
  for (let run = 1; run <= 2; run++) {
    const { code, results, err } = await cli(database, ['backfill', '--ledger', path]);
    assert.equal(code, 1, err);
    const [result] = results;
    assert.deepEqual(
      ['read', 'applied', 'rejected', 'outside', 'duplicate'].map((name) => result?.[name]),
      [30_000, 29_700, 300, 0, 0],
    );
    assert.deepEqual(
      lines().sort((a, b) => a - b),
      wanted,
    );
  }
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
