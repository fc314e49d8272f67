import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { compared, totals } from '../support/controlTotals.ts';
import { testDatabase } from '../support/database.ts';
import { asRow, cli, file } from './dumpCommands.ts';

const START = '2026-11-22T11:00:00Z';
const WINDOW = `${START}/2026-11-22T11:01:00Z`;
const at = (time: string) => ({ event_time: time, updated_at: time });

test('a window of a dump is loaded, and no row beside it; its total matches then, also where the load went on', async (t) => {
  const database = await testDatabase(t);
  await ingest(rulesFor(database.pool, 'ledger'), [new Partition().event(entry('here'))]);
  await totals(
    database,
    [START, { row_count: 4, amount_sum: '400.00', generated_at: '2026-11-22T11:10:00Z' }],
    ['2026-11-22T11:01:00Z', { row_count: 1, generated_at: '2026-11-22T11:10:00Z' }],
  );
  await compared(database);
  const states = async () =>
    (await database.rows('SELECT state, found_count FROM bo.control_totals ORDER BY window_start')).map(
      (row) => `${row['state']} ${row['found_count']}`,
    );
  assert.deepEqual(await states(), ['short 1', 'short 0']);

  const rows = [
    asRow('before', at('2026-11-22T10:59:59.999999Z')),
    asRow('first', at(START)),
    asRow('last', at('2026-11-22T11:00:59.999999Z')),
    asRow('next', at('2026-11-22T11:01:00Z')),
    // What counts is when the source has created the row, where it says so.
    { ...asRow('created', at('2026-11-20T00:00:00Z')), source_created_at: START },
  ];
  const path = file('window.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const load = ['backfill', '--ledger', path, '--window', WINDOW];
  const { code, results, err } = await cli(database, load);
  assert.equal(code, 0, err);
  const counts = ['read', 'outside', 'applied', 'windows_compared_again'];
  assert.deepEqual(
    counts.map((name) => results[0]?.[name]),
    [5, 2, 3, 1],
  );
  await compared(database);
  assert.deepEqual(await states(), ['matched 4', 'short 0']);

  // A load that was killed before it could say what it had loaded.
  await database.pool.query(`UPDATE sync.backfills SET finished_at = NULL`);
  const again = await cli(database, load);
  assert.deepEqual([again.code, again.results[0]?.['windows_compared_again']], [0, 1]);
  const whole = await cli(database, ['backfill', '--ledger', path]);
  assert.deepEqual([whole.results[0]?.['applied'], whole.results[0]?.['windows_compared_again']], [2, 2]);
  const resumed = await cli(database, ['backfill', '--ledger', path]);
  assert.equal(resumed.results[0]?.['windows_compared_again'], 2);
  await compared(database);
  assert.deepEqual(await states(), ['matched 4', 'matched 1']);
});

test('a window is compared in both directions: what the dump lacks of it is extra, what lies beside it is not', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  await ingest(
    rulesFor(database.pool, 'payment_order'),
    ['2026-11-22T10:59:59Z', START, '2026-11-22T11:00:30Z', '2026-11-22T11:01:00Z'].map((time, index) =>
      // Changed elsewhere: the window is one of creation.
      partition.event(order(`o-${index}`, { created_at: time, updated_at: '2026-11-22T11:30:00Z' })),
    ),
  );
  const lines = [
    order('o-1', { created_at: START, updated_at: '2026-11-22T11:30:00Z' }),
    order('o-3', { created_at: '2026-11-22T11:01:00Z', amount: '1', updated_at: '2026-11-22T11:30:00Z' }),
    order('o-4', { created_at: '2026-11-22T11:00:59Z' }),
  ];
  const path = file('window-orders.ndjson', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const compare = (...words: string[]) =>
    cli(database, ['reconcile', '--orders', path, '--window', WINDOW, ...words]);
  const { code, results, err } = await compare();
  assert.equal(code, 1, err);
  const names = ['read', 'outside', 'same', 'missing', 'extra', 'left'];
  assert.deepEqual(
    names.map((name) => results[0]?.[name]),
    [3, 1, 1, 1, 1, 2],
  );
  const report = readFileSync(`${path}.differences.ndjson`, 'utf8').trim().split('\n');
  assert.deepEqual(
    report.map((line) => JSON.parse(line)).map(({ finding, key }) => `${finding} ${key}`),
    ['missing o-4', 'extra o-2'],
  );
  await totals(database, [START, { topic: 'payment_order', row_count: 3, amount_sum: '300.00' }]);
  const repaired = await compare('--repair');
  assert.deepEqual(
    [repaired.results[0]?.['repaired'], repaired.results[0]?.['windows_compared_again']],
    [1, 1],
  );
});
