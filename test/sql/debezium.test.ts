import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Temporal } from 'temporal-polyfill';
import { test } from 'vitest';
import { compileAvroSchema } from '../../shared/contracts/avroSchema.ts';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import { parseProfile, topicNames } from '../../shared/contracts/profile.ts';
import { keyText } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { schemaSource } from '../../shared/schemas/schemaSource.ts';
import { CANONICAL_SETTINGS, Partition } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

// Records that Debezium's own engine and converters wrote (test/fixtures/debezium): each is the row that the source had, or the
// dead letter that is right, or ignored as its profile says.

const FOLDER = fileURLToPath(new URL('../fixtures/debezium', import.meta.url));

interface ChangeRecord {
  readonly config: string;
  readonly case: string;
  readonly topic: string;
  readonly key: string | null;
  readonly key_encoding?: 'base64';
  readonly value: string | null;
  readonly value_encoding?: 'base64';
}

/** The row that the source had after a change, as text that PostgreSQL wrote. */
type SourceRow = Readonly<Record<string, string | null>>;
interface Change {
  readonly case: string;
  readonly after: SourceRow | null;
}

const linesOf = <T>(file: string) =>
  readFileSync(join(FOLDER, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
/** Those that its converter registered for `i-avro`. */
const SCHEMAS = schemaSource({
  files: new Map(
    linesOf<{ id: number; schema: string }>('i-avro-schemas.ndjson').map(({ id, schema }) => [
      String(id),
      compileAvroSchema(JSON.parse(schema)),
    ]),
  ),
});
const AFTER = new Map(linesOf<Change>('expected.ndjson').map(({ case: name, after }) => [name, after]));

/** Each file, and the profile that reads a record of it. */
const FILES: readonly (readonly [file: string, profileOf: (record: ChangeRecord) => string])[] = [
  ['a-json-with-schema', () => 'with-schema'],
  [
    'b-json-precise',
    ({ topic }) =>
      topic.endsWith('_18_4') ? 'precise-18-4' : topic.endsWith('_minor') ? 'precise-minor-units' : 'precise',
  ],
  [
    'c1-json-string-connect',
    ({ topic }) => (topic.endsWith('_minor') ? 'string-connect-minor-units' : 'string-connect'),
  ],
  ['c2-json-string-isostring', () => 'string-isostring'],
  ['c3-json-double-microseconds', () => 'string-adaptive'],
  ['d1-unwrap-tombstone', () => 'unwrapped-precise'],
  ['d2-unwrap-rewrite', () => 'unwrapped-rewrite'],
  ['d3-unwrap-drop', () => 'unwrapped-string-connect'],
  ['d4-unwrap-delete-to-tombstone', () => 'unwrapped-string-connect'],
  ['e-outbox', ({ config }) => OUTBOX[config.slice(0, 2)]!],
  [
    'f-cloudevents',
    ({ config }) => (config.startsWith('f1') ? 'cloudevents-precise' : 'cloudevents-isostring'),
  ],
  ['h-transaction-heartbeat', () => 'string-adaptive'],
  ['i-avro', () => 'avro'],
];
const OUTBOX: Readonly<Record<string, string>> = {
  e0: 'outbox-table',
  e1: 'outbox-json-string',
  e2: 'outbox-plain',
  e3: 'outbox-plain',
  e4: 'outbox-payload',
  e5: 'outbox-payload',
};

/** Infinity, the year 10000, NaN, and 39 digits of an amount: more than the tables take. */
const DEAD: Readonly<Record<string, string>> = {
  h1: 'core_invalid event_time',
  h2: 'core_invalid event_time',
  h3: 'core_invalid amount',
  c9: 'core_invalid amount',
  k1: 'core_invalid amount',
};

/** What has to become of a record: `row`, `ignored`, or reason and field of a dead letter. */
function fateOf({ config, case: name, key, value }: ChangeRecord): string {
  if (value === null || value === 'null') return 'ignored';
  if (/^(?:d\d|m1|x1|o4|heartbeat)$/.test(name)) return 'ignored';
  // A changed primary key: the delete of the old one.
  if (name === 'k1' && key?.includes('order-3"')) return 'ignored';
  // A double has lost the digits that are too many.
  if (config.startsWith('c3') && (name === 'c9' || name === 'k1')) return 'row';
  return DEAD[name] ?? 'row';
}

test.for(FILES)('%s', async ([file, profileOf], t) => {
  const database = await testDatabase(t);
  const expected: Record<string, Record<string, string | null>> = {};
  const counts = { ignored: 0, letters: [] as string[] };
  const partition = new Partition();
  for (const record of linesOf<ChangeRecord>(`${file}.ndjson`)) {
    const topic = /order/.test(record.topic) ? 'payment_order' : 'ledger';
    const event = partition.event(bytesOf(record.value, record.value_encoding), {
      key: keyText(record.key === null ? undefined : bytesOf(record.key, record.key_encoding)),
    });
    const { outcomes, rejected } = await ingest(rulesOf(profileOf(record), database, topic), [event]);
    const [outcome] = Object.entries(outcomes).find(([, count]) => count === 1)!;
    const fate = fateOf(record);
    const place = `${record.config}, ${record.case}`;
    if (fate === 'ignored') {
      assert.equal(outcome, 'ignored', place);
      counts.ignored++;
    } else if (fate === 'row') {
      assert.notEqual(outcome, 'dead_lettered', `${place}: ${rejected[0]?.rejection.detail}`);
      const row = rowOf(record);
      const key = `${topic} ${row['tx_id'] ?? row['order_id']}`;
      assert.deepEqual((await storedRows(database))[key], row, place);
      expected[key] = row;
    } else {
      assert.equal(outcome, 'dead_lettered', place);
      counts.letters.push(fate);
    }
  }
  // No delete, tombstone or dead letter has changed or added a row.
  assert.deepEqual(await storedRows(database), expected);
  const letters = await database.rows(
    `SELECT error, split_part(error_detail, ':', 1) AS field FROM bo.consumer_dlq_events ORDER BY sequence_number`,
  );
  assert.deepEqual(
    letters.map(({ error, field }) => (error === 'core_invalid' ? `${error} ${field}` : error)),
    counts.letters,
  );
  const [counted] = await database.rows(
    'SELECT sum(ignored) AS ignored, sum(key_mismatch) AS mismatches FROM sync.hourly_counters',
  );
  // Without a router, the key is that of the outbox's row.
  const mismatches = file === 'e-outbox' ? '1' : '0';
  assert.deepEqual(counted, { ignored: String(counts.ignored), mismatches });
});

function rulesOf(name: string, database: TestDatabase, topic: 'ledger' | 'payment_order') {
  const data: unknown = JSON.parse(readFileSync(join(FOLDER, 'profiles', `${name}.json`), 'utf8'));
  const profile = parseProfile(data, name);
  const settings = { ...CANONICAL_SETTINGS, profile, topics: topicNames(profile), schemas: SCHEMAS };
  return ingestRules<LogicalTopic>(settings, database.pool, topic);
}

function bytesOf(text: string | null, encoding: BufferEncoding = 'utf8'): Buffer {
  return Buffer.from(text ?? '', encoding);
}

/** What the tables have to hold of the source's row: amounts without trailing zeros, times in microseconds. */
function rowOf({ config, case: name, topic, key }: ChangeRecord): Record<string, string | null> {
  const after = key?.includes('order-4') ? FIRST_OF_TWO : AFTER.get(name)!;
  const payload = after['payload'];
  const source = payload === undefined ? after : outboxRow(payload!);
  const money = (text: string | null | undefined) => {
    if (text === null || text === undefined) return null;
    const amount = topic.endsWith('_minor') ? `${text.slice(0, -2)}.${text.slice(-2)}` : text;
    const isDouble = config.startsWith('c3') || (name === 'o2' && /^e[34]/.test(config));
    return isDouble ? ofDouble(amount) : plain(amount);
  };
  // A timestamp without time zone: of entries it holds Korean wall time, of orders UTC.
  const time = (text: string | null | undefined, offset: string) => {
    if (text === null || text === undefined) return null;
    if (/^\d+$/.test(text)) return `${text}000`;
    const zoned = /(?:Z|[+-]\d\d(?::\d\d)?)$/.test(text) ? text : text + offset;
    const microseconds = Temporal.Instant.from(zoned.replace(' ', 'T')).epochNanoseconds / 1000n;
    const isCut = /c1:|d3:|d4:/.test(config) && zoned !== text;
    return String(isCut ? (microseconds / 1000n) * 1000n : microseconds);
  };
  if ('order_id' in source) {
    const { order_id, user_id = null, merchant_id: merchant_name = null, status = null } = source;
    return {
      ...{ order_id: order_id!, user_id, merchant_name, status },
      amount: money(source['amount']),
      created_at: time(source['created_at'], 'Z'),
      updated_at: time(source['updated_at'], 'Z'),
    };
  }
  const { tx_id = null, wallet_id = null, entry_type = null, currency = null } = source;
  const { related_id = null, related_type = null } = source;
  return {
    ...{ tx_id, wallet_id, entry_type, currency, related_id, related_type },
    amount: money(source['amount']),
    amount_signed: money(source['amount_signed']),
    event_time: time(source['event_time'], 'Z'),
    created_at: time(source['created_at'] ?? source['event_time'], '+09:00'),
  };
}

/** The first row of t1; `expected.ndjson` has the second one. */
const FIRST_OF_TWO: SourceRow = {
  ...{ order_id: 'order-4', user_id: 'user-4', merchant_id: 'merchant-2', amount: '0.00', status: 'CREATED' },
  ...{ created_at: '2026-11-21 00:40:00+00', updated_at: '2026-11-21 00:40:00' },
};

/** The JSON that an outbox row holds, with its numbers as they were written. */
function outboxRow(payload: string): SourceRow {
  const keep = ((_name: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' ? context.source : value) as (name: string, value: unknown) => unknown;
  return JSON.parse(payload, keep) as SourceRow;
}

/** What a double makes of an amount, written out. */
function ofDouble(amount: string): string {
  const [digits = '', exponent] = String(Number(amount)).split('e+');
  const [whole = '', fraction = ''] = digits.split('.');
  return exponent === undefined ? digits : (whole + fraction).padEnd(Number(exponent) + whole.length, '0');
}

function plain(amount: string): string {
  return amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount;
}

async function storedRows(database: TestDatabase): Promise<Record<string, Record<string, string | null>>> {
  const time = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint AS ${column}`;
  const entries = await database.rows(
    `SELECT tx_id, wallet_id, entry_type, currency, related_id, related_type, amount, amount_signed,
       ${time('event_time')}, ${time('created_at')} FROM bo.ledger_entries`,
  );
  const orders = await database.rows(
    `SELECT order_id, user_id, merchant_name, status, amount, ${time('created_at')}, ${time('updated_at')}
     FROM bo.payment_orders`,
  );
  const rows = [
    ...entries.map((row) => [`ledger ${row['tx_id']}`, row] as const),
    ...orders.map((row) => [`payment_order ${row['order_id']}`, row] as const),
  ];
  return Object.fromEntries(
    rows.map(([key, row]) => [key, { ...row, ...amount(row, 'amount'), ...amount(row, 'amount_signed') }]),
  );
}

function amount(row: Readonly<Record<string, string | null>>, column: string) {
  const text = row[column];
  return text === undefined ? {} : { [column]: text && plain(text) };
}
