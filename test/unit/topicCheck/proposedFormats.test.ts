import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import { checkTopic } from '../../../tools/operator/topicCheck/check.ts';
import { sampleOf } from '../../../tools/operator/topicCheck/sample.ts';
import { CHECK_OPTIONS, READ_AT } from '../../support/topicStyles.ts';

// What topic-check proposes of a topic that is not written as usual: forms that values tell by themselves are read, and what they can't
// tell is asked.

const T0 = Date.UTC(2026, 10, 20, 9) / 1000;
const entry = (change: object = {}) => ({
  tx_id: 'tx-1',
  wallet_id: 'w',
  entry_type: 'PAYMENT',
  amount: '12.50',
  event_time: '2026-11-20T09:00:00Z',
  updated_at: '2026-11-20T09:00:00Z',
  related_id: 'o',
  ...change,
});

async function check(bodies: readonly (object | Buffer | string)[], topic: RecordTopic = 'ledger') {
  const samples = bodies.map((body, index) => {
    const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? Buffer.from(body as string) : undefined;
    return sampleOf(bytes ?? Buffer.from(JSON.stringify(body)), index, `line ${index + 1}`, READ_AT);
  });
  const options = { ...CHECK_OPTIONS, topic };
  const { report, profile } = await checkTopic(async function* () {
    yield samples;
  }, options);
  const codes = (list: typeof report.asks) => list.map(({ code }) => code);
  const { encoding, envelope, formats, ignored, operation, aliases, precedence } = profile.topics.ledger;
  return {
    verdict: report.verdict,
    asks: codes(report.asks),
    wishes: codes(report.wishes),
    rules: { encoding, envelope, formats, ignored, operation },
    order: { version: aliases.version, first: precedence[0] },
  };
}

const NOTHING = {
  encoding: undefined,
  envelope: undefined,
  formats: undefined,
  ignored: undefined,
  operation: undefined,
};

test('times in each unit, as objects and as java.time writes them', async () => {
  const cases: [string, unknown][] = [
    ['epoch_seconds', T0],
    ['epoch_seconds', T0 + 0.5],
    ['epoch_seconds', String(T0)],
    ['epoch_milliseconds', String(T0 * 1000)],
    ['epoch_microseconds', T0 * 1e6],
    ['epoch_nanoseconds', `${T0}123456789`],
    ['seconds_and_nanos', { seconds: T0, nanos: 1 }],
    ['java_time', '2026-11-20T18:00+09:00[Asia/Seoul]'],
    ['java_time', '2026-11-20T09:00Z'],
  ];
  for (const [format, event_time] of cases) {
    const { verdict, rules, wishes } = await check([
      entry({ event_time }),
      entry({ tx_id: 'b', event_time }),
    ]);
    assert.deepEqual(
      [verdict, rules],
      ['ready_with_profile', { ...NOTHING, formats: { event_time: { format } } }],
    );
    assert.equal(
      wishes.includes('confirm_format'),
      format.startsWith('epoch_'),
      'of which zone is a question',
    );
  }
});

test('parts of a date have no zone: it is asked where nothing tells', async () => {
  const parts = entry({ event_time: [2026, 11, 20, 18, 0], updated_at: undefined, version: 1 });
  const { verdict, asks, rules } = await check([parts]);
  assert.deepEqual([verdict, asks], ['ask_producer', ['zone_unknown']]);
  assert.deepEqual(rules.formats, { event_time: { format: 'date_parts' } });
  const told = entry({ event_time: [2026, 11, 20, 18, 0], updated_at: '2026-11-20T09:00:00Z' });
  assert.deepEqual((await check([told])).verdict, 'ready_with_profile');
});

test('bytes of an amount: with a scale beside them or in the schema they are read; alone, the scale is asked', async () => {
  const { verdict, rules } = await check([entry({ amount: { scale: 1, value: 'fQ==' } })]);
  assert.deepEqual(
    [verdict, rules.formats],
    ['ready_with_profile', { amount: { format: 'connect_decimal', scale: 'value' } }],
  );

  assert.deepEqual((await check([entry({ amount: 'BOI=' })])).asks, ['field_invalid']);

  const decimal = {
    field: 'amount',
    name: 'org.apache.kafka.connect.data.Decimal',
    parameters: { scale: '2' },
  };
  const schema = { fields: [{ field: 'after', fields: [decimal] }] };
  const message = (amount: string) => ({
    schema,
    payload: { op: 'c', before: null, after: entry({ amount }) },
  });
  // One of them looks like digits.
  const found = await check([message('BOI='), message('1234')]);
  assert.deepEqual(found.rules, {
    ...NOTHING,
    envelope: ['payload', 'after'],
    formats: { amount: { format: 'connect_decimal', scale: 'schema' } },
  });
  assert.equal(found.verdict, 'ready_with_profile');
});

test('deletes, tombstones and messages of a connector are passed over, and that is asked', async () => {
  const change = (op: string, after: object | null) => ({ op, before: null, after, source: { lsn: 7 } });
  const { verdict, rules, wishes } = await check([
    change('c', entry()),
    change('d', null),
    '',
    'null',
    { ts_ms: T0 * 1000 },
  ]);
  assert.deepEqual(
    [verdict, rules.ignored],
    ['ready_with_profile', ['connector_messages', 'deletes', 'tombstones']],
  );
  assert.ok(wishes.includes('confirm_ignored'));
});

test('a member that says that its record was deleted is proposed as the operation', async () => {
  for (const [mark, path] of [
    [{ type: 'delete' }, ['type']],
    [{ metadata: { operation: 'delete' } }, ['metadata', 'operation']],
    [{ op: 'DELETE' }, ['op']],
  ] as const) {
    const found = await check([
      { ...mark, data: entry() },
      { ...JSON.parse(JSON.stringify(mark).replace(/delete/i, 'insert')), data: entry({ tx_id: 'b' }) },
    ]);
    assert.deepEqual(found.rules.operation, {
      path,
      deletes: [Object.values(mark)[0]].flatMap((value) =>
        typeof value === 'string' ? [value] : Object.values(value),
      ),
    });
    // Its name and its values say so, and somebody has to.
    assert.deepEqual([found.verdict, found.rules.ignored], ['ask_producer', ['deletes']]);
    assert.deepEqual(found.asks, ['confirm_deletes']);
  }
  // A kind of entry is no operation.
  assert.equal((await check([entry({ entry_type: undefined, type: 'DELETE' })])).rules.operation, undefined);
});

test("without updated_at and version, the place in the source's log orders the states, and that is asked", async () => {
  const after = entry({ updated_at: undefined });
  const mysql = { file: 'binlog.000003', pos: 154, row: 0 };
  for (const [source, root, format] of [
    [{ lsn: 7 }, ['source', 'lsn'], 'postgres_lsn'],
    [mysql, ['source'], 'mysql_binlog'],
  ] as const) {
    const { verdict, order, wishes, rules } = await check([{ op: 'c', after, source }]);
    assert.deepEqual([verdict, order], ['ready_with_profile', { version: [{ root }], first: 'version' }]);
    assert.deepEqual(rules.formats, { version: { format, epoch: 0 } });
    assert.ok(wishes.includes('confirm_position'));
  }
});

test("a registry's header, and JSON in a string", async () => {
  const behind = Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), Buffer.from(JSON.stringify(entry()))]);
  const registry = await check([behind]);
  assert.deepEqual(
    [registry.verdict, registry.rules],
    ['ready_with_profile', { ...NOTHING, encoding: 'registry_json' }],
  );
  const inText = await check([JSON.stringify(JSON.stringify(entry()))]);
  assert.deepEqual(
    [inText.verdict, inText.rules],
    ['ready_with_profile', { ...NOTHING, envelope: [{ parse: 'json' }] }],
  );
});

test('values in objects that say their type are read by their path', async () => {
  const time = '2026-11-20T09:00:00Z';
  const wrapped: readonly object[] = [
    {
      tx_id: { string: 'tx-1' },
      amount: { string: '12.50' },
      event_time: { long: T0 * 1000 },
      updated_at: { long: T0 * 1000 },
    },
    { tx_id: { S: 'tx-1' }, amount: { N: '12.50' }, event_time: { S: time }, updated_at: { S: time } },
    {
      tx_id: { $oid: '65a1b2c3d4e5f60718293a4b' },
      amount: { $numberDecimal: '12.50' },
      event_time: { $date: time },
    },
    { event_time: { $date: { $numberLong: String(T0 * 1000) } }, amount: { $numberDouble: '12.5' } },
    { amount: { value: '12.50', currency: 'KRW' }, tx_id: { value: 'tx-1' } },
    {
      amount: { value: '12.50', set: true, deletion_ts: null },
      wallet_id: { value: 'w', set: true, deletion_ts: null },
    },
  ];
  for (const change of wrapped) {
    const found = await check([entry(change), entry({ ...change, related_id: null })]);
    assert.deepEqual([found.verdict, found.asks], ['ready_with_profile', []], JSON.stringify(change));
  }
});

test("a time that is hours later than the broker had its message is somebody's local time, and is no good sample", async () => {
  const placed = (hours: number, count: number) =>
    Array.from({ length: count }, (_, minute) => ({
      partition: 0,
      sequence_number: minute,
      enqueued_at: new Date((T0 + 60 * minute + 1) * 1000).toISOString(),
      key: `tx-${minute}`,
      body: entry({
        tx_id: `tx-${minute}`,
        updated_at: undefined,
        version: minute,
        event_time: new Date((T0 + 3600 * hours + 60 * minute) * 1000).toISOString(),
      }),
    }));
  for (const hours of [9, 8, 1, 5.5]) {
    assert.deepEqual((await check(placed(hours, 5))).asks, ['wall_clock'], String(hours));
  }
  for (const hours of [0, -9, 0.4, 24])
    assert.deepEqual((await check(placed(hours, 5))).asks, [], String(hours));
  // Two are too few.
  assert.deepEqual((await check(placed(9, 2))).asks, []);
});

test('records in an array are no record, whatever the frame around them is called', async () => {
  const frame = {
    database: 'pay',
    es: T0 * 1000,
    id: 1,
    isDdl: false,
    table: 'ledger',
    ts: T0 * 1000,
    type: 'INSERT',
  };
  for (const message of [
    { ...frame, data: [entry()] },
    { id: 1, ts: T0 * 1000, change: [entry(), entry({ tx_id: 'tx-2' })] },
    { records: [{ ...entry(), tx_id: undefined, txId: 'tx-1' }] },
  ]) {
    const { asks, wishes } = await check([message, message]);
    assert.deepEqual([asks, wishes], [['records_in_array'], []], Object.keys(message).join());
  }
  // Items of an order are no records.
  const items = [{ amount: 1, type: 'x' }];
  assert.equal((await check([entry({ items })])).verdict, 'ready');
});

test('Avro behind a header gets a hint of its own', async () => {
  const avro = Buffer.from([0, 0, 0, 0, 7, 8, 0x74, 0x78, 0x2d, 0x31, 0x80, 0xff]);
  assert.deepEqual((await check([avro, avro])).asks, ['avro']);
});

test('what is read and may still be wrong is told: doubles, cents, milliseconds, another domain', async () => {
  const wishes = async (...bodies: object[]) => (await check(bodies)).wishes;
  const many = (change: object) =>
    Array.from({ length: 10 }, (_, n) => entry({ tx_id: `tx-${n}`, amount: 1250, ...change }));
  // JSON.stringify has no exponent below 10^21.
  const body = Buffer.from(JSON.stringify(entry({ amount: 0 })).replace('"amount":0', '"amount":1.25E3'));
  assert.ok((await check([body])).wishes.includes('through_double'));
  assert.ok((await wishes(...many({ currency: 'USD' }))).includes('confirm_scale'));
  for (const currency of ['KRW', 'JPY', undefined]) {
    assert.ok(!(await wishes(...many({ currency }))).includes('confirm_scale'), currency);
  }
  assert.ok(
    !(await wishes(...many({ currency: 'USD' }), entry({ currency: 'USD' }))).includes('confirm_scale'),
  );
  assert.ok((await wishes(entry({ related_type: 'ORDER' }))).includes('never_paired'));
  assert.ok(!(await wishes(entry({ related_type: 'PAYMENT_ORDER' }))).includes('never_paired'));
  const after = entry({ updated_at: T0 * 1000 });
  assert.ok((await wishes({ op: 'c', after, source: {} })).includes('cut_to_milliseconds'));
});

test('a record in a text of the message is proposed with a step into it', async () => {
  const text = JSON.stringify(entry());
  const ready = async (message: object) => {
    const { verdict, rules } = await check([message, message]);
    return [verdict, rules.envelope];
  };
  assert.deepEqual(await ready({ specversion: '1.0', type: 't', source: 's', id: '1', data: text }), [
    'ready_with_profile',
    ['data', { parse: 'json' }],
  ]);
  assert.deepEqual(await ready({ op: 'c', after: { id: '1', aggregatetype: 'entry', payload: text } }), [
    'ready_with_profile',
    ['after', 'payload', { parse: 'json' }],
  ]);
  assert.deepEqual(await ready({ Type: 'Notification', Message: text }), [
    'ready_with_profile',
    ['Message', { parse: 'json' }],
  ]);
});
