import assert from 'node:assert/strict';
import avsc from 'avsc';
import fc from 'fast-check';
import { test } from 'vitest';
import { decodeAvro, schemaIdOfContentType } from '../../../shared/contracts/avro.ts';
import { type AvroReader, compileAvroSchema } from '../../../shared/contracts/avroSchema.ts';
import type { JsonObject } from '../../../shared/contracts/json.ts';
import { normalise } from '../../../shared/contracts/normalise.ts';
import { BUILT_IN_PROFILES, contractOf, parseProfile } from '../../../shared/contracts/profile.ts';
import { jsonText } from '../../../tools/operator/topicCheck/sample.ts';

// Bytes are those that avsc writes, which shares no code with the reader, or are made by hand where it can't write them.

const HEADER = Buffer.from([0, 0, 0, 0, 7]);
const decode = (schema: unknown, value: Buffer, references: readonly unknown[] = []) =>
  decodeAvro(
    { body: Buffer.concat([HEADER, value]) },
    new Map([['7', compileAvroSchema(schema, references)]]),
  );

/** The value as JSON, or what is wrong with the bytes. */
function read(schema: unknown, value: Buffer, references: readonly unknown[] = []): string {
  const decoded = decode(schema, value, references);
  if (decoded.accepted) return jsonText(decoded.value);
  assert.equal(decoded.reason, 'not_avro');
  return decoded.detail.replace('the body is no Avro of its schema: ', '');
}

const bytesOf = (schema: avsc.Schema, value: unknown) => avsc.Type.forSchema(schema).toBuffer(value);

/** Seven groups of seven bits at a time, as Avro writes a long. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value < 0n ? -2n * value - 1n : 2n * value; ; rest >>= 7n) {
    const byte = Number(rest & 0x7fn);
    if (rest < 0x80n) return Buffer.from([...bytes, byte]);
    bytes.push(byte | 0x80);
  }
}

const RECORD = {
  type: 'record',
  name: 'Payment',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['PAYMENT', 'RECEIVE'] } },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'more', type: { type: 'map', values: 'int' } },
    { name: 'other', type: ['null', 'Kind'] },
    { name: 'raw', type: 'bytes' },
    { name: 'ok', type: 'boolean' },
    { name: 'ratio', type: 'double' },
    { name: 'rough', type: 'float' },
  ],
} as const;
const PAYMENT = {
  id: 'tx-1',
  kind: 'RECEIVE',
  note: '결제',
  tags: ['a', 'b'],
  more: { one: 1, two: -2 },
  other: 'PAYMENT',
  raw: Buffer.from([1, 2, 255]),
  ok: true,
  ratio: 0.1,
  rough: 1.5,
};

test('a record is the JSON that a converter would write of it', () => {
  const text = read(RECORD, bytesOf(RECORD as unknown as avsc.Schema, PAYMENT));
  assert.deepEqual(JSON.parse(text), { ...PAYMENT, raw: 'AQL/' });
});

test('integers keep all their digits', () => {
  for (const value of [0n, 1n, -1n, 63n, 64n, -64n, -65n, 2n ** 31n, 2n ** 49n - 1n, 2n ** 49n]) {
    assert.equal(read('long', long(value)), String(value));
  }
  for (const value of [
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    -(2n ** 53n),
  ]) {
    assert.equal(read('long', long(value)), String(value));
  }
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      assert.equal(read('long', long(value)), String(value));
    }),
    { seed: 24, numRuns: 2000 },
  );
});

test('decimals are exact, in bytes and in a fixed type', () => {
  const bytes = { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 2 };
  const fixed = { type: 'fixed', name: 'D', size: 4, logicalType: 'decimal', precision: 9, scale: 2 };
  const inBytes = (hex: string) => Buffer.concat([long(BigInt(hex.length / 2)), Buffer.from(hex, 'hex')]);
  assert.equal(read(bytes, inBytes('04e2')), '12.50');
  assert.equal(read(bytes, inBytes('d76df8')), '-26588.24');
  assert.equal(read(bytes, inBytes('00')), '0.00');
  assert.equal(read(bytes, inBytes('ff')), '-0.01');
  assert.equal(read(bytes, inBytes('7f'.padEnd(32, 'f'))), '1701411834604692317316873037158841057.27');
  assert.equal(read({ ...bytes, scale: 0 }, inBytes('80')), '-128');
  assert.equal(read({ ...bytes, scale: undefined }, inBytes('0080')), '128');
  assert.equal(read(fixed, Buffer.from('000004e2', 'hex')), '12.50');
  assert.equal(read(fixed, Buffer.from('ffffffff', 'hex')), '-0.01');
  assert.equal(read(bytes, inBytes('')), 'it has a decimal without bytes');
  // A scale that is none: the bytes count.
  assert.equal(read({ ...bytes, scale: -1 }, inBytes('04e2')), '"BOI="');
  const huge = Buffer.concat([long(1_000_000n), Buffer.alloc(1_000_000, 1)]);
  assert.match(read(bytes, huge), /^"AQEB/);
});

test('times are read as what they mean, a local one without an offset', () => {
  const time = (logicalType: string, value: bigint) => read({ type: 'long', logicalType }, long(value));
  assert.equal(time('timestamp-millis', 1_795_654_923_123n), '"2026-11-26T01:02:03.123Z"');
  assert.equal(time('timestamp-micros', 1_795_654_923_123_456n), '"2026-11-26T01:02:03.123456Z"');
  assert.equal(time('timestamp-nanos', 1_795_654_923_123_456_789n), '"2026-11-26T01:02:03.123456789Z"');
  assert.equal(time('local-timestamp-millis', 1_795_654_923_000n), '"2026-11-26T01:02:03.000"');
  assert.equal(time('local-timestamp-micros', 1_795_654_923_000_001n), '"2026-11-26T01:02:03.000001"');
  assert.equal(time('local-timestamp-nanos', -1n), '"1969-12-31T23:59:59.999999999"');
  assert.equal(time('timestamp-millis', -1n), '"1969-12-31T23:59:59.999Z"');
  // So far away that no date is.
  assert.equal(time('timestamp-millis', 2n ** 63n - 1n), String(2n ** 63n - 1n));
  assert.equal(time('time-micros', 3_600_000_000n), '3600000000');
  assert.equal(read({ type: 'int', logicalType: 'date' }, long(20_783n)), '"2026-11-26T00:00:00"');
  assert.equal(read({ type: 'int', logicalType: 'date' }, long(2n ** 31n - 1n)), '2147483647');
});

test('a UUID is its text, in a string and in 16 bytes', () => {
  const id = '00000000-0000-4000-8000-0000000000ab';
  assert.equal(read({ type: 'string', logicalType: 'uuid' }, bytesOf('string', id)), `"${id}"`);
  const fixed = { type: 'fixed', name: 'Id', size: 16, logicalType: 'uuid' };
  assert.equal(read(fixed, Buffer.from(id.replaceAll('-', ''), 'hex')), `"${id}"`);
});

test('what JSON has no value for is a text', () => {
  assert.equal(read('double', bytesOf('double', Number.NaN)), '"NaN"');
  assert.equal(read('float', bytesOf('float', -Infinity)), '"-Infinity"');
});

test('a floating-point number with a fraction is no amount, no version and no time; a whole one is exact', () => {
  const profile = parseProfile(BUILT_IN_PROFILES['canonical-v1'], 'test');
  const contract = { ...contractOf(profile, 'ledger', 'entries'), logicalTopic: 'ledger' as const };
  for (const [field, value, accepted] of [
    ['amount', 12.34, false],
    ['amount', 1200, true],
    ['version', 1.5, false],
    ['version', 1e19, false],
    ['version', 7, true],
    ['event_time', 1.7e12 + 0.5, false],
  ] as const) {
    const schema = {
      type: 'record',
      name: 'Entry',
      fields: [
        ...['tx_id', 'wallet_id', 'entry_type'].map((name) => ({ name, type: 'string' })),
        { name: 'amount', type: field === 'amount' ? 'double' : 'string' },
        { name: 'event_time', type: field === 'event_time' ? 'double' : 'string' },
        ...(field === 'version' ? [{ name: 'version', type: 'double' }] : []),
      ],
    };
    const good = {
      tx_id: 't',
      wallet_id: 'w',
      entry_type: 'PAYMENT',
      amount: '1',
      event_time: '2026-01-01T00:00:00Z',
    };
    const decoded = decode(schema, bytesOf(schema as avsc.Schema, { ...good, [field]: value }));
    assert.ok(decoded.accepted);
    const outcome = normalise(contract, decoded.value as JsonObject, {
      enqueuedAt: Infinity,
      maxClockSkew: 0,
    });
    assert.equal(outcome.accepted, accepted, `${field} ${value}`);
    if (!outcome.accepted) assert.match(outcome.detail, /found a floating-point number/);
  }
});

test('names are resolved as Avro has it: by the namespace around, by reference, within themselves', () => {
  const tree = {
    type: 'record',
    name: 'a.Tree',
    fields: [
      { name: 'leaf', type: { type: 'fixed', name: 'Leaf', size: 1 } },
      { name: 'twin', type: 'Leaf' },
      { name: 'full', type: 'a.Leaf' },
      { name: 'inner', type: ['null', 'Tree'] },
    ],
  };
  const bytes = Buffer.from([1, 2, 3, 2, 4, 5, 6, 0]);
  assert.equal(
    read(tree, bytes),
    '{"leaf":"AQ==","twin":"Ag==","full":"Aw==","inner":{"leaf":"BA==","twin":"BQ==","full":"Bg==","inner":null}}',
  );
  const money = { type: 'record', name: 'Money', namespace: 'b', fields: [{ name: 'n', type: 'int' }] };
  const order = { type: 'record', name: 'Order', fields: [{ name: 'total', type: 'b.Money' }] };
  assert.equal(read(order, Buffer.from([2]), [money]), '{"total":{"n":1}}');
  // A type in an object of its own, and attributes that Avro does not know.
  assert.equal(read({ type: { type: 'int', 'connect.name': 'x' } }, Buffer.from([2])), '1');
});

test('a member that every object has is left out, whatever the schema says', () => {
  const schema = { type: 'record', name: 'R', fields: [{ name: '__proto__', type: 'int' }] };
  assert.equal(read(schema, Buffer.from([2])), '{}');
  const map = bytesOf(
    { type: 'map', values: 'int' },
    Object.fromEntries([
      ['__proto__', 1],
      ['a', 2],
    ]),
  );
  assert.equal(read({ type: 'map', values: 'int' }, map), '{"a":2}');
});

test('what is no Avro schema is no reader', () => {
  for (const schema of [
    null,
    1,
    'shop.Unknown',
    { type: 'string2' },
    { type: 'record', name: 'R' },
    { type: 'record', fields: [] },
    { type: 'record', name: 'R', fields: [{ type: 'int' }] },
    { type: 'enum', name: 'E' },
    { type: 'fixed', name: 'F', size: -1 },
    { type: 'fixed', name: 'F' },
    { type: 'array' },
    { type: 'map', values: 'Nothing' },
    { type: 'object', properties: {} },
    {},
  ]) {
    assert.throws(() => compileAvroSchema(schema), Error, JSON.stringify(schema));
  }
});

test('malformed bytes are named, whatever is wrong with them', () => {
  const array = { type: 'array', items: 'null' };
  const ended = 'it ends within a value, or a length in it is wrong';
  const long64 = 'it has an integer of more than 64 bits';
  const table: readonly (readonly [schema: unknown, hex: string, detail: string])[] = [
    ['string', '06616263aa', 'bytes follow after its end'],
    ['string', '0861626364'.slice(0, -2), ended],
    ['string', 'feffffffffffffffff01', 'it has a length or an index out of range'],
    ['string', '01', 'it has a length or an index out of range'],
    ['string', '02ff', 'it has a text that is not valid UTF-8'],
    ['bytes', 'fcffffff0f', ended],
    ['long', '80', ended],
    ['long', `${'80'.repeat(10)}00`, long64],
    ['long', `${'ff'.repeat(9)}02`, long64],
    ['double', '00000000000000', ended],
    ['int', long(2n ** 31n).toString('hex'), 'it has an int of more than 32 bits'],
    [
      { type: 'int', logicalType: 'date' },
      long(2n ** 60n).toString('hex'),
      'it has an int of more than 32 bits',
    ],
    ['boolean', '02', 'it has a boolean that is neither 0 nor 1'],
    [['null', 'string'], '04', 'it has a branch that its schema does not know'],
    [['null', 'string'], '01', 'it has a length or an index out of range'],
    [{ type: 'enum', name: 'E', symbols: ['A'] }, '02', 'it has a symbol that its schema does not know'],
    [{ type: 'fixed', name: 'F', size: 4 }, '0102', ended],
    // 2^62 items, of one byte each and of none.
    [{ type: 'array', items: 'int' }, `${long(2n ** 62n).toString('hex')}02`, 'it has a count out of range'],
    [{ type: 'array', items: 'int' }, `${long(2n ** 40n).toString('hex')}02`, ended],
    [array, `${long(2n ** 40n).toString('hex')}00`, 'it has more values than bytes'],
    [{ type: 'map', values: 'null' }, `${long(2n ** 40n).toString('hex')}00`.repeat(3), 'it ends within'],
    // A negative count is followed by the size of the block.
    [array, '0100', ended],
  ];
  for (const [schema, hex, detail] of table) {
    const found = read(schema, Buffer.from(hex, 'hex'));
    assert.ok(found.startsWith(detail), `${JSON.stringify(schema)} ${hex}: ${found}`);
  }
});

test('nothing nests without end, and no schema multiplies a few bytes', () => {
  const list = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] };
  assert.match(read(list, Buffer.alloc(1_000_000, 2)), /nested in more than 100/);
  const itself = { type: 'record', name: 'L', fields: [{ name: 'next', type: 'L' }] };
  assert.match(read(itself, Buffer.alloc(0)), /nested in more than 100/);
  // Each holds the next twice: 2^60 values of no bytes.
  let twice: unknown = 'null';
  for (let depth = 0; depth < 60; depth++) {
    const name = `R${depth}`;
    twice = {
      type: 'record',
      name,
      fields: [
        { name: 'a', type: twice },
        { name: 'b', type: depth === 0 ? 'null' : `R${depth - 1}` },
      ],
    };
  }
  assert.equal(read(twice, Buffer.alloc(0)), 'it has more values than bytes');
});

test('bytes that are cut, or changed anywhere, are a value or malformed, at once', () => {
  const bytes = bytesOf(RECORD as unknown as avsc.Schema, PAYMENT);
  for (let length = 0; length < bytes.length; length++) {
    assert.ok(!decode(RECORD, bytes.subarray(0, length)).accepted, `cut to ${length}`);
  }
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
  const before = performance.now();
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const changed = Buffer.from(bytes);
      for (const [at, byte] of changes) changed[at] = byte;
      const decoded = decode(RECORD, changed);
      assert.ok(decoded.accepted || decoded.reason === 'not_avro');
    }),
    { seed: 24, numRuns: 5000 },
  );
  assert.ok(performance.now() - before < 10_000);
});

test('a message says which schema it was written by, in its first bytes or its content type', () => {
  const id = '0123456789ABCDEF0123456789abcdef';
  const schemaId = schemaIdOfContentType(`avro/binary+${id}`);
  assert.equal(schemaId, id.toLowerCase());
  for (const other of [
    undefined,
    7,
    '',
    'avro/binary',
    'avro/json+12',
    `application/json+${id}`,
    `avro/binary+${id}0`,
  ]) {
    assert.equal(schemaIdOfContentType(other), undefined);
  }
  const known = new Map<string, AvroReader | undefined>([
    [schemaId!, compileAvroSchema('string')],
    ['8', undefined],
  ]);
  const detail = (body: Buffer, named?: string) => {
    const decoded = decodeAvro({ body, ...(named !== undefined && { schemaId: named }) }, known);
    return decoded.accepted ? decoded.value : `${decoded.reason}: ${decoded.detail}`;
  };
  assert.equal(detail(bytesOf('string', 'tx-1'), schemaId), 'tx-1');
  assert.equal(detail(Buffer.alloc(0), schemaId), 'empty_body: the body has no bytes');
  assert.equal(
    detail(Buffer.from([0, 0, 0, 0, 9, 2, 65])),
    'not_avro: the schema that the message names is not known',
  );
  assert.equal(
    detail(Buffer.from([0, 0, 0, 0, 8, 2, 65])),
    'not_avro: the schema that the message names is no Avro schema',
  );
  for (const body of ['{"tx_id":"1"}', '\0\0\0', 'Obj\u0001']) {
    assert.match(
      String(detail(Buffer.from(body))),
      /^not_avro: neither the content type nor the first bytes/,
    );
  }
});
