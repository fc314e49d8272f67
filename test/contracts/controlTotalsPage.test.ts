import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { test } from 'vitest';
import type { RecordTopic } from '../../shared/contracts/fields.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { compareWindows } from '../../shared/store/control/compareWindows.ts';
import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';
import { entry, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const textOf = (page: string) => readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
const PAGE = textOf('control-totals.md');
const sqlOf = (page: string) => [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql!);
/** The part on PostgreSQL, as it stands there. */
const FOR_POSTGRESQL = sqlOf(PAGE.slice(PAGE.indexOf('\n## PostgreSQL'), PAGE.indexOf('\n## MySQL')));

const SEED = 20261128;
const START = Date.UTC(2026, 10, 20);
const WINDOW = 600_000;
const WINDOWS = 30;

test('the Korean page has the same SQL and the same table of what is found', () => {
  const korean = textOf('control-totals.ko.md');
  assert.deepEqual(sqlOf(korean), sqlOf(PAGE));
  const rows = (page: string) => page.split('\n').filter((line) => line.startsWith('| ')).length;
  assert.equal(rows(korean), rows(PAGE));
});

test('the digest of the example on the page is the one that the sync computes', async (t) => {
  const { rows } = await testDatabase(t);
  const [found] = await rows(
    `SELECT 'v1:' || (${FUNCTIONS_SCHEMA}.digest_of('tx-1', 'PAYMENT', 2) + ${FUNCTIONS_SCHEMA}.digest_of('tx-결제', 'RECEIVE', NULL)) AS digest`,
  );
  const stated = [...PAGE.matchAll(/v1:\d{9,}/g)].map(([digest]) => digest);
  assert.deepEqual(stated, [found!['digest']]);
});

/** A row of the source, with the id of its event as key. */
interface SourceRow {
  readonly topic: 'ledger' | 'payment_order';
  readonly key: string;
  readonly state: string;
  readonly amount: string | null;
  readonly createdAt: number;
  readonly version: number | null;
}

function sourceRows(random: Random): SourceRow[] {
  const name = () => random.pick(['tx', 'Überweisung', '결제', '💸', "o'id", 'a|b', '\\x41', '%']);
  return Array.from({ length: 600 }, (_, number) => {
    const topic = random.pick(['ledger', 'payment_order'] as const);
    const states = topic === 'ledger' ? ['PAYMENT', 'RECEIVE', '수수료'] : ['PAID', 'CREATED'];
    const digits = () => String(random.below(1_000_000_000)).padStart(9, '0');
    return {
      topic,
      key: `${name()}-${number}`,
      state: random.pick(states),
      amount: random.pick([
        null,
        '0',
        `-${1 + random.below(1_000_000_000)}.05`,
        `${random.below(100_000)}.10`,
        `9${digits()}${digits()}.${digits()}${digits()}`,
      ]),
      // Beginnings and last microseconds of windows are among them; some windows are empty.
      createdAt:
        START + (1 + random.below(WINDOWS - 6)) * WINDOW + random.pick([0, WINDOW - 1, random.below(WINDOW)]),
      version: random.pick([null, 1, 2, 10 ** 15]),
    };
  });
}

/** The source's database is a schema here. */
async function sourceWith(database: TestDatabase, rows: readonly SourceRow[], sql = FOR_POSTGRESQL) {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('CREATE SCHEMA wallet');
  await client.query('SET search_path = wallet');
  for (const [table, key, state] of [
    ['ledger_entry', 'tx_id', 'entry_type'],
    ['payment_order', 'order_id', 'status'],
  ]) {
    await client.query(
      `CREATE TABLE ${table} (${key} text PRIMARY KEY, ${state} text NOT NULL, amount numeric, created_at timestamptz NOT NULL,
         version bigint)`,
    );
  }
  for (const { topic, key, state, amount, createdAt, version } of rows) {
    const table = topic === 'ledger' ? 'ledger_entry' : 'payment_order';
    await client.query(`INSERT INTO ${table} VALUES ($1, $2, $3, $4, $5)`, [
      ...[key, state, amount, new Date(createdAt).toISOString(), version],
    ]);
  }
  for (const block of sql) await client.query(block);
  return client;
}

function eventOf({ topic, key, state, amount, createdAt, version }: SourceRow): object {
  const at = new Date(createdAt).toISOString();
  const change = { amount: amount ?? '0', updated_at: at, version };
  return topic === 'ledger'
    ? entry(key, { ...change, entry_type: state, source_created_at: at, event_time: at })
    : order(key, { ...change, status: state, created_at: at });
}

/** Through the ingest, as events that the broker got now. */
async function send(
  database: TestDatabase,
  topic: RecordTopic | 'control',
  partition: Partition,
  bodies: readonly object[],
) {
  const events = bodies.map((body) => partition.event(body, { enqueuedAt: Date.now() * 1000 }));
  const { outcomes } = await ingest(rulesFor(database.pool, topic), events);
  assert.equal(outcomes.dead_lettered, 0);
}

/** Publishes the passes that are due, and what the comparison makes of the totals: windows by state. */
async function publishAndCompare(database: TestDatabase, source: pg.Client, partition: Partition) {
  await source.query('SELECT publish_control_totals()');
  const { rows } = await source.query<{ key: string; body: object }>(
    'WITH sent AS (DELETE FROM outbox RETURNING *) SELECT key, body FROM sent ORDER BY id',
  );
  await send(
    database,
    'control',
    partition,
    rows.map(({ body }) => body),
  );
  const reached = Date.now() + 1000;
  const topics = (['ledger', 'payment_order'] as const).map((source) => ({ source, topic: source, reached }));
  await compareWindows(database.pool, topics, 0, 60_000);
  const found = await database.rows(
    `SELECT state, count(*) AS windows, sum(found_count) AS rows, array_agg(topic || ' ' || window_start) AS names
     FROM bo.control_totals GROUP BY state ORDER BY state`,
  );
  return { sent: rows.length, states: Object.fromEntries(found.map((row) => [row['state']!, row])) };
}

/** The passes begin again from the first window. */
const again = (source: pg.Client) =>
  source.query('UPDATE control_total_pass SET done_until = $1', [new Date(START).toISOString()]);

test(`the totals that the page's SQL makes match, and a lost state or row is found (seed ${SEED})`, async (t) => {
  const database = await testDatabase(t);
  const random = new Random(SEED);
  const rows = sourceRows(random);
  const source = await sourceWith(database, rows);
  t.onTestFinished(() => source.end());
  const [ledger, orders, control] = [new Partition(0), new Partition(1), new Partition(2)];
  const ofTopic = (topic: string) => rows.filter((row) => row.topic === topic).map(eventOf);
  await send(database, 'ledger', ledger, ofTopic('ledger'));
  await send(database, 'payment_order', orders, ofTopic('payment_order'));

  await again(source);
  // A day of windows, of both topics, in each of three passes.
  const { sent, states } = await publishAndCompare(database, source, control);
  assert.equal(sent, 3 * 2 * 144);
  assert.deepEqual(Object.keys(states), ['matched']);
  assert.deepEqual([states['matched']!['windows'], states['matched']!['rows']], ['288', '600']);

  // A state whose event was lost: neither count nor sum say so.
  const changed = rows.find(({ topic, state }) => topic === 'payment_order' && state === 'CREATED')!;
  await source.query("UPDATE payment_order SET status = 'PAID', version = version + 1 WHERE order_id = $1", [
    changed.key,
  ]);
  // And a row that never was published.
  const added = { ...rows[0]!, topic: 'ledger', key: 'never sent' } as const;
  await source.query('INSERT INTO ledger_entry VALUES ($1, $2, $3, $4, $5)', [
    ...[added.key, added.state, added.amount, new Date(added.createdAt).toISOString(), added.version],
  ]);
  await again(source);
  const after = (await publishAndCompare(database, source, control)).states;
  assert.deepEqual(Object.keys(after), ['content_differs', 'matched', 'short']);
  const windowOf = ({ topic, createdAt }: SourceRow) =>
    `{"${topic} ${new Date(createdAt - (createdAt % WINDOW)).toISOString().slice(0, 19).replace('T', ' ')}+00"}`;
  assert.equal(after['content_differs']!['names'], windowOf(changed));
  assert.equal(after['short']!['names'], windowOf(added));

  // What was missing comes: all is right again.
  await send(database, 'payment_order', orders, [
    eventOf({ ...changed, state: 'PAID', version: (changed.version ?? 0) + 1, createdAt: changed.createdAt }),
  ]);
  await send(database, 'ledger', ledger, [eventOf(added)]);
  await again(source);
  const healed = (await publishAndCompare(database, source, control)).states;
  assert.deepEqual(Object.keys(healed), ['matched'], changed.version === null ? 'without version' : '');
});

test('nothing is counted that began after a transaction that still runs', async (t) => {
  const database = await testDatabase(t);
  // Windows of a moment, so that the test need not wait for minutes.
  const sql = FOR_POSTGRESQL.map((block) =>
    block
      .replaceAll("interval '10 minutes'", "interval '20 milliseconds'")
      .replaceAll("interval '1 minute'", "interval '0'"),
  ).map((block) => block.replaceAll("interval '5 minutes'", "interval '0'"));
  const source = await sourceWith(database, [], sql);
  t.onTestFinished(() => source.end());
  const writer = new pg.Client({ connectionString: database.url });
  await writer.connect();
  t.onTestFinished(() => writer.end());
  await writer.query("BEGIN; INSERT INTO wallet.ledger_entry VALUES ('tx-1', 'PAYMENT', 1, now(), 1)");
  const { rows } = await writer.query<{ began: Date }>('SELECT now() AS began');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await source.query('SELECT publish_control_totals()');
  const last = async () => {
    const { rows } = await source.query<{ last: Date | null; counted: string | null }>(
      `SELECT max((body ->> 'window_end')::timestamptz) AS last, sum((body ->> 'row_count')::int) AS counted FROM outbox`,
    );
    return rows[0]!;
  };
  const held = (await last()).last;
  assert.ok(held === null || held <= rows[0]!.began, `${held} is before ${rows[0]!.began}`);
  await writer.query('COMMIT');
  await source.query('SELECT publish_control_totals()');
  const after = await last();
  assert.ok(after.last! > rows[0]!.began);
  assert.equal(after.counted, '1');
});
