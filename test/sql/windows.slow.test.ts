import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { compared, totals } from '../support/controlTotals.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { cli, loginWith } from '../support/operatorCommands.ts';
import { viewBed } from '../support/viewBed.ts';

const CONTROL_TOPIC = 'sync.control.total';
const LEDGER = 'ledger.entry.upserted';

async function store(database: TestDatabase): Promise<void> {
  await ingest(rulesFor(database.pool, 'ledger'), [new Partition().event(entry('a'))]);
  await ingest(rulesFor(database.pool, 'payment_order'), [new Partition().event(order('order-1'))]);
}

test('windows lists what does not match, to the digit, and says what to do', async (t) => {
  const database = await testDatabase(t);
  const DATABASE_URL = await loginWith(t, database, 'bo_operator');
  const windows = (...words: string[]) => cli(['windows', ...words], { DATABASE_URL, CONTROL_TOPIC });
  const off = await cli(['windows'], { DATABASE_URL });
  assert.equal(off.code, 0, off.err);
  assert.match(off.out, /^Every window that was compared/);
  assert.match(off.err, /CONTROL_TOPIC is empty/);

  await store(database);
  await totals(
    database,
    ['2026-11-22T11:00:00Z', { row_count: 3, amount_sum: '300.000000000000000001' }],
    ['2026-11-22T10:59:00Z', { topic: 'payment_order', amount_sum: '100.50' }],
    ['2026-11-22T10:59:00Z', { row_count: 0, amount_sum: '0' }],
    // Not reached for a day.
    ['2026-11-22T11:01:00Z', { generated_at: '2026-11-22T11:02:00Z', window_end: '2026-11-22T11:01:00.5Z' }],
  );
  await database.pool.query(
    `UPDATE sync.source_totals SET due_at = 'infinity' WHERE window_end = '2026-11-22T11:01:00.5Z'`,
  );
  await compared(database);
  await database.pool.query(
    `INSERT INTO bo.control_totals (topic, window_start, window_end, expected_count, expected_sum, state, generated_at)
     VALUES ($1, '2026-11-22T11:01:00Z', '2026-11-22T11:01:00.5Z', 7, 7, 'open', now())`,
    [LEDGER],
  );
  const found = await windows();
  assert.equal(found.code, 1, found.err);
  for (const line of found.out.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(found.out, /2026-11-22T11:00:00Z\/ │ short +│ 1\/3/);
  assert.match(found.out, /amount_differs │ 1\/1/);
  assert.doesNotMatch(found.out, /matched|open/);
  assert.match(found.err, /more columns: --wide or --json/);
  assert.match(found.err, /^ledger\.entry\.upserted: matched 1, open 1, short 1$/m);
  assert.match(
    found.err,
    /backfill --ledger ledger\.csv --as-of TIME --window 2026-11-22T11:00:00Z\/2026-11-22T11:01:00Z$/m,
  );
  const wide = await windows('--wide');
  assert.match(wide.out, / 2026-11-22T11:00:00Z\/2026-11-22T11:01:00Z .* -2 .*-200\.000000000000000001 /);

  const json = async (...words: string[]) => JSON.parse((await windows('--json', ...words)).out);
  expect(await json('--state', 'short')).toMatchObject([
    { topic: LEDGER, expected_count: '3', found_count: '1', count_difference: '-2', found_sum: '100.00' },
  ]);
  expect(await json('--topic', LEDGER, '--all')).toMatchObject([
    { state: 'open', window: '2026-11-22T11:01:00Z/2026-11-22T11:01:00.5Z', found_count: null, since: null },
    { state: 'short' },
    { state: 'matched' },
  ]);
  const orders = await windows('--topic', 'payment.order.upserted');
  assert.match(orders.err, /backfill --orders orders\.csv .* --window 2026-11-22T10:59:00Z\//);
  assert.equal((await windows('--topic', LEDGER, '--state', 'matched')).code, 0);
  assert.equal((await windows('--topic', 'ledgre')).code, 2);

  const korean = await windows('--lang', 'ko');
  assert.match(korean.out, /토픽 .*구간 .*상태 .*행/);
  assert.match(korean.err, /^할 일: .*--window 2026/m);
});

test('explain says of a row whether all that its source has counted of its time is here; nothing where none was counted', async (t) => {
  const database = await testDatabase(t);
  const DATABASE_URL = await loginWith(t, database, 'bo_operator');
  const explain = async (...words: string[]) => (await cli(['explain', ...words], { DATABASE_URL })).out;
  await store(database);
  assert.doesNotMatch(await explain('a'), /window|counted/);

  await totals(
    database,
    // One that ends before, and one that overlaps.
    ['2026-11-22T10:58:00Z', { generated_at: '2026-11-22T11:10:00Z' }],
    ['2026-11-22T10:59:00Z', { window_end: '2026-11-22T12:00:00Z', generated_at: '2026-11-22T12:10:00Z' }],
    ['2026-11-22T11:00:00Z', { row_count: 3, amount_sum: '300' }],
    ['2026-11-22T10:59:00Z', { topic: 'payment_order' }],
  );
  await compared(database);
  const ofEntry = await explain('a');
  for (const line of ofEntry.split('\n')) assert.ok(line.length <= 80, line);
  const inOneLine = ofEntry.replace(/\s+/g, ' ');
  const window = '2026-11-22T11:00:00Z/2026-11-22T11:01:00Z';
  assert.ok(
    inOneLine.includes(
      `Of the rows of its time, 1 of the 3 are here that its source has counted (${window}).`,
    ),
    ofEntry,
  );
  assert.ok(inOneLine.includes(`window ${window}, short: rows here 1, counted 3`), ofEntry);
  assert.match((await explain('order-1')).replace(/\s+/g, ' '), /all of them are here \(2026-11-22T10:59/);
  assert.match(await explain('a', '--lang', 'ko'), /원천이 센 이 시간대의 행 3개 중 1개가/);
  const json = JSON.parse(await explain('a', '--json'));
  expect(json.entry.window).toMatchObject({ window, state: 'short', expected_count: '3', found_count: '1' });
  expect(json.sentences[1]).toContain('1 of the 3');
});

test('the live view is told of windows that do not match, and whether anybody compares', async (t) => {
  const { database, ask } = await viewBed(t, { CONTROL_TOPIC });
  await store(database);
  await totals(database, ['2026-11-22T11:00:00Z', { row_count: 3, amount_sum: '300' }]);
  await compared(database);
  expect((await ask('windows', {})).answer).toMatchObject({
    isOff: false,
    windows: [{ topic: LEDGER, state: 'short', expected_count: '3', found_count: '1' }],
  });
  const off = await viewBed(t);
  assert.deepEqual((await off.ask('windows', {})).answer, { isOff: true, windows: [] });
});
