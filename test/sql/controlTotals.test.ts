import assert from 'node:assert/strict';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { compareWindows, controlledTopics } from '../../shared/store/control/compareWindows.ts';
import { readWindows } from '../../shared/store/control/readWindows.ts';
import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';
import { entry, order, Partition, rulesFor, total } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

// Windows of control totals against the rows that are here (SPEC 15).

const LEDGER = 'ledger.entry.upserted';
const ORDERS = 'payment.order.upserted';
const START = '2026-11-22T10:00:00.000Z';
const END = '2026-11-22T10:01:00.000Z';
/** Later than the events of the tests are enqueued, and by less than the clock skew that an event may have. */
const GENERATED = '2026-11-22T12:03:00Z';
const LATER = Date.parse('2026-11-22T13:00:00Z');

const inWindow = (id: string, change: object = {}) =>
  entry(id, { source_created_at: '2026-11-22T10:00:10Z', ...change });
const windowTotal = (change: object = {}) =>
  total(START, { row_count: 2, amount_sum: '200.00', generated_at: GENERATED, ...change });

class Bed {
  readonly database: TestDatabase;
  readonly #ledger = new Partition();
  readonly #orders = new Partition();
  readonly #control = new Partition();

  constructor(database: TestDatabase) {
    this.database = database;
  }

  async entries(...bodies: object[]): Promise<void> {
    await ingest(
      rulesFor(this.database.pool, 'ledger'),
      bodies.map((body) => this.#ledger.event(body)),
    );
  }

  async orders(...bodies: object[]): Promise<void> {
    await ingest(
      rulesFor(this.database.pool, 'payment_order'),
      bodies.map((body) => this.#orders.event(body)),
    );
  }

  /** Returns what became of them. */
  async totals(...bodies: object[]) {
    const { outcomes } = await ingest(
      rulesFor(this.database.pool, 'control', { topic: 'control' }),
      bodies.map((body) => this.#control.event(body, { enqueuedAt: Date.now() * 1000 })),
    );
    return outcomes;
  }

  async compare(reached: number | 'unknown' = LATER): Promise<number> {
    const at = reached === 'unknown' ? undefined : reached;
    return compareWindows(
      this.database.pool,
      [
        { source: 'ledger', topic: LEDGER, reached: at },
        { source: 'payment_order', topic: ORDERS, reached: at },
      ],
      60,
      0,
    );
  }

  /** Back-off aside. */
  async compareNow(reached?: number): Promise<void> {
    await this.database.pool.query('UPDATE sync.source_totals SET due_at = now() WHERE due_at IS NOT NULL');
    await this.compare(reached);
  }

  async states() {
    const rows = await this.database.rows(
      `SELECT state, expected_count, found_count, trim_scale(expected_sum) AS expected_sum, trim_scale(found_sum) AS found_sum,
         version FROM bo.control_totals ORDER BY topic, window_start`,
    );
    return rows.map((row) => [
      row['state'],
      `${row['found_count']}/${row['expected_count']}`,
      row['version'],
    ]);
  }
}

const bed = async (t: Parameters<typeof testDatabase>[0]) => new Bed(await testDatabase(t));

test('a window matches by the rows whose created_at lies in it, to its beginning and short of its end', async (t) => {
  const it = await bed(t);
  await it.entries(
    inWindow('a', { source_created_at: START }),
    inWindow('b', { source_created_at: '2026-11-22T10:00:59.999999Z' }),
    inWindow('c', { source_created_at: END }),
    inWindow('d', { source_created_at: '2026-11-22T09:59:59.999999Z' }),
    // Of an entry without one, event_time is it.
    entry('e', { event_time: '2026-11-22T10:00:30Z', amount: '0.000000000000000001' }),
  );
  await it.totals(windowTotal({ row_count: 3, amount_sum: '200.000000000000000001' }));
  await it.compare();
  assert.deepEqual(await it.states(), [['matched', '3/3', '1']]);
  assert.equal(await it.compare(), 0, 'what matched is not looked at again');
});

test('orders have windows of their own; one without rows matches a count of 0', async (t) => {
  const it = await bed(t);
  await it.orders(order('o', { created_at: '2026-11-22T10:00:10Z' }));
  await it.totals(
    windowTotal({ topic: 'payment_order', row_count: 1, amount_sum: 100 }),
    windowTotal({ row_count: 0, amount_sum: '0' }),
  );
  await it.compare();
  assert.deepEqual(await it.states(), [
    ['matched', '0/0', '1'],
    ['matched', '1/1', '1'],
  ]);
});

const DIFFERENCES: readonly (readonly [name: string, state: string, rows: object[], total: object])[] = [
  ['a row is missing', 'short', [inWindow('a')], {}],
  ['all are missing', 'short', [], {}],
  [
    'a row too many, which the source had not changed since',
    'over',
    [inWindow('a'), inWindow('b'), inWindow('c')],
    {},
  ],
  ['an amount is another one', 'amount_differs', [inWindow('a'), inWindow('b', { amount: '100.01' })], {}],
  [
    'one too many, and the amounts are those',
    'over',
    [inWindow('a'), inWindow('b', { amount: '0' }), inWindow('c')],
    {},
  ],
  ['the last state is missing', 'content_differs', [inWindow('a'), inWindow('b')], { digest: 'v1:1' }],
  ['its digest is of another form', 'matched', [inWindow('a'), inWindow('b')], { digest: 'sha256:aa' }],
  [
    'a row has changed since the total was made, in its amount',
    'open',
    [inWindow('a'), inWindow('b', { amount: '7', updated_at: GENERATED })],
    {},
  ],
  [
    'a row that does not say when it changed was published after the total was made',
    'open',
    [inWindow('a'), inWindow('b', { updated_at: null, amount: '7' })],
    { generated_at: '2026-11-22T12:00:00.500Z' },
  ],
  [
    'a row was published after the total was made, and says that it changed before',
    'amount_differs',
    [inWindow('a'), inWindow('b', { amount: '7' })],
    { generated_at: '2026-11-22T12:00:00.500Z' },
  ],
  [
    'rows have changed since, and a row is missing all the same',
    'short',
    [inWindow('b', { amount: '7', updated_at: GENERATED })],
    {},
  ],
];
test('what a window is called, by what is here of it', async (t) => {
  const it = await bed(t);
  for (const [name, state, rows, change] of DIFFERENCES) {
    await it.database.pool.query('TRUNCATE bo.ledger_entries, sync.source_totals, bo.control_totals');
    if (rows.length > 0) await it.entries(...rows);
    await it.totals(windowTotal(change));
    await it.compare();
    const states = await it.states();
    assert.deepEqual(
      states.map(([found]) => found),
      [state],
      name,
    );
  }
});

test('the digest is the sum of what the page on control totals says, also of a row without version', async (t) => {
  const it = await bed(t);
  await it.entries(inWindow('a'), inWindow('\u{1F4B3}', { version: null, entry_type: 'FEE_OUT' }));
  // printf 'a|PAYMENT|1' | md5sum, and of the other one: the first 15 digits as a number.
  const digest = BigInt('0xef67184af59fc8d');
  const { rows } = await it.database.pool.query(
    `SELECT ${FUNCTIONS_SCHEMA}.digest_of('a', 'PAYMENT', 1)::text AS one, ${FUNCTIONS_SCHEMA}.digest_of('\u{1F4B3}', 'FEE_OUT', NULL)::text AS other`,
  );
  assert.equal(BigInt(rows[0].one), digest);
  await it.totals(windowTotal({ digest: `v1:${BigInt(rows[0].one) + BigInt(rows[0].other)}` }));
  await it.compare();
  assert.deepEqual(await it.states(), [['matched', '2/2', '1']]);
});

test('a total waits until the sync has come past its window, its making and the grace', async (t) => {
  const it = await bed(t);
  await it.totals(windowTotal());
  await it.compare('unknown');
  assert.deepEqual(await it.states(), [['open', 'null/2', '1']]);
  await it.compareNow(Date.parse(GENERATED) + 59_999);
  assert.deepEqual(await it.states(), [['open', 'null/2', '1']]);
  await it.compareNow(Date.parse(GENERATED) + 60_000);
  assert.deepEqual(await it.states(), [['short', '0/2', '1']]);
});

test('the highest version of a window stands, else the latest, in any order; what an older one has shown stands until the newer can be compared', async (t) => {
  const it = await bed(t);
  await it.entries(inWindow('a'));
  await it.totals(windowTotal());
  await it.compare();
  assert.deepEqual(await it.states(), [['short', '1/2', '1']]);
  const newer = windowTotal({
    version: 2,
    row_count: 1,
    amount_sum: '100',
    generated_at: '2026-11-22T13:30:00Z',
  });
  assert.equal((await it.totals(newer)).applied, 1);
  await it.compare();
  assert.deepEqual(await it.states(), [['short', '1/2', '1']], 'nobody has come past the newer one');
  assert.equal((await it.totals(windowTotal())).stale, 1);
  assert.equal((await it.totals(newer)).duplicate, 1);
  await it.compareNow(LATER + 3_600_000);
  assert.deepEqual(await it.states(), [['matched', '1/1', '2']]);
  // A newer total of a window that matched.
  await it.totals(windowTotal({ version: 3, generated_at: '2026-11-22T13:31:00Z' }));
  await it.compare(LATER + 3_600_000);
  assert.deepEqual(await it.states(), [['short', '1/2', '3']]);
});

test('what differs is looked at again with back-off, for 7 days after its total was made; after a load, at once', async (t) => {
  const it = await bed(t);
  const made = new Date(Date.now() - 6 * 86_400_000).toISOString();
  await it.totals(windowTotal({ generated_at: made }));
  const due = () =>
    it.database.rows(
      `SELECT attempts, round(extract(epoch FROM due_at - now()) / 10) * 10 AS seconds FROM sync.source_totals`,
    );
  const waits: unknown[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    await it.compareNow(Date.now());
    waits.push((await due())[0]!['seconds']);
  }
  assert.deepEqual(waits.map(Number), [10, 20, 40, 80, 160, 320, 600, 600, 600]);
  assert.equal(await it.compare(Date.now()), 0, 'it is not due');
  await it.database.pool.query(`UPDATE sync.source_totals SET updated_at = updated_at - interval '2 days'`);
  await it.compareNow(Date.now());
  assert.equal((await due())[0]!['seconds'], null);
  assert.deepEqual(await it.states(), [['short', '0/2', '1']], 'it stays as it was found');

  await it.entries(inWindow('a'), inWindow('b'));
  const again = (start: string, end: string) =>
    it.database.rows(`SELECT ${FUNCTIONS_SCHEMA}.compare_again('ledger', $1, $2) AS windows`, [start, end]);
  assert.deepEqual(await again(END, '2026-11-22T10:02:00Z'), [{ windows: '0' }]);
  assert.deepEqual(await again('2026-11-22T09:00:00Z', '2026-11-22T10:00:00.000001Z'), [{ windows: '1' }]);
  await it.compare(Date.now());
  assert.deepEqual(await it.states(), [['matched', '2/2', '1']]);
});

test('what the gauges tell: open windows, those that are incomplete, their rows and amounts', async (t) => {
  const it = await bed(t);
  const topics = { ledger: LEDGER, payment_order: ORDERS, pair: '', control: 'control' };
  assert.deepEqual(controlledTopics({ ...topics, control: '' }), []);
  assert.deepEqual(await readWindows(it.database.pool, { ...topics, control: '' }), []);
  const nothing = { open: 0, incomplete: 0, missingRows: 0, amountDifference: 0 };
  const read = () => readWindows(it.database.pool, topics);
  assert.deepEqual(await read(), [
    { topic: LEDGER, ...nothing },
    { topic: ORDERS, ...nothing },
  ]);
  const now = new Date(Date.now() - 120_000).toISOString();
  await it.entries(inWindow('a'), inWindow('b', { source_created_at: '2026-11-22T11:00:10Z' }));
  await it.totals(
    windowTotal({ row_count: 4, generated_at: now }),
    total('2026-11-22T11:00:00Z', { amount_sum: '99.5', generated_at: now }),
    total('2026-11-22T12:00:00Z', { generated_at: new Date().toISOString() }),
    // Of long ago: nobody looks at it any more.
    total('2026-11-22T13:00:00Z', { generated_at: '2026-11-01T00:00:00Z' }),
  );
  await it.compare(Date.now());
  assert.deepEqual((await read())[0], {
    ...{ topic: LEDGER, open: 1, incomplete: 2, missingRows: 3, amountDifference: 0.5 },
  });
});

test('a held table keeps nobody waiting: the next run compares', async (t) => {
  const it = await bed(t);
  await it.totals(windowTotal(), windowTotal({ topic: 'payment_order' }));
  const holder = await it.database.pool.connect();
  await holder.query('BEGIN; LOCK TABLE bo.ledger_entries');
  await assert.rejects(it.compare(), { code: '55P03' });
  assert.deepEqual(await it.states(), [['short', '0/2', '1']], 'of orders');
  await holder.query('ROLLBACK');
  holder.release();
  await it.compare();
  assert.deepEqual(await it.states(), [
    ['short', '0/2', '1'],
    ['short', '0/2', '1'],
  ]);
});
