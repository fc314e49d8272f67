import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { keyText, readBrokerEvents } from '../../../shared/ingest/brokerEvent.ts';
import { brokerEventOf } from '../../../shared/ingest/receivedEvent.ts';
import { receivedEvent } from '../host/receivedEvent.ts';

/** A recorded input of the real Functions worker. */
function recorded(name: string): { bodies: Buffer[]; metadata: Record<string, unknown> } {
  const file = new URL(`../../fixtures/functions/${name}.json`, import.meta.url);
  const fixture = JSON.parse(readFileSync(file, 'utf8')) as {
    handler: { input: { base64: string }[]; triggerMetadata: Record<string, unknown> };
  };
  return {
    bodies: fixture.handler.input.map((body) => Buffer.from(body.base64, 'base64')),
    metadata: fixture.handler.triggerMetadata,
  };
}

test('position, key and time are read from a recorded batch, whichever way the worker writes its numbers', () => {
  for (const name of ['eventhub-binary-batch', 'eventhub-binary-batch-long']) {
    const { bodies, metadata } = recorded(name);
    const events = readBrokerEvents(bodies, metadata);
    assert.deepEqual(
      events.map(({ body, ...rest }) => rest),
      [
        ['wallet-1', 120, 0],
        [null, 121, 512],
        ['42', 122, 1024],
      ].map(([key, milliseconds, offset], index) => ({
        partition: 1,
        sequenceNumber: 2251 + index,
        enqueuedAt: Date.UTC(2026, 10, 22, 13, 47, 5, milliseconds as number) * 1000,
        offset: String(1_099_511_627_776 + (offset as number)),
        key,
        correlationId: null,
      })),
    );
    assert.deepEqual(
      events.map((event) => event.body),
      bodies,
    );
  }
});

test('sequence numbers that arrive as low and high halves are put together', () => {
  const { bodies, metadata } = recorded('eventhub-binary-batch');
  const system = (metadata['systemPropertiesArray'] as Record<string, unknown>[]).map(
    (properties, index) => ({
      ...properties,
      'x-opt-sequence-number': { low: -1 + index, high: 1, unsigned: false },
    }),
  );
  const [first, second] = readBrokerEvents(bodies, { ...metadata, systemPropertiesArray: system });
  assert.equal(first!.sequenceNumber, 2 ** 33 - 1);
  assert.equal(second!.sequenceNumber, 2 ** 32);
});

test('metadata that does not line up, or lacks a position, is refused', () => {
  const { bodies, metadata } = recorded('eventhub-binary-batch');
  const system = metadata['systemPropertiesArray'] as Record<string, unknown>[];
  for (const [change, message] of [
    [{ systemPropertiesArray: system.slice(1) }, /systemPropertiesArray has 2 elements for 3 events/],
    [{ systemPropertiesArray: undefined }, /systemPropertiesArray has no array for 3 events/],
    [{ propertiesArray: [] }, /propertiesArray has 0 elements for 3 events/],
    [{ systemPropertiesArray: [{}, ...system.slice(1)] }, /without a sequence number/],
    [
      { systemPropertiesArray: [{ 'x-opt-sequence-number': 1 }, ...system.slice(1)] },
      /without an enqueue time/,
    ],
    [{ systemPropertiesArray: [{ 'x-opt-sequence-number': ' ' }, ...system.slice(1)] }, /sequence number/],
    [{ systemPropertiesArray: [{ 'x-opt-sequence-number': true }, ...system.slice(1)] }, /sequence number/],
    [{ systemPropertiesArray: [{ 'x-opt-sequence-number': -1 }, ...system.slice(1)] }, /sequence number/],
    [{ triggerPartitionContext: {}, partitionContext: undefined }, /no partition id/],
    [{ triggerPartitionContext: { partitionId: '' } }, /no partition id/],
    [{ triggerPartitionContext: { partitionId: null } }, /no partition id/],
  ] as const) {
    assert.throws(() => readBrokerEvents(bodies, { ...metadata, ...change }), message);
  }
  assert.throws(() => readBrokerEvents(['text'], metadata), /dataType 'binary'/);
});

test('a batch of no events is read as one', () => {
  assert.deepEqual(readBrokerEvents([], {}), []);
});

test('a Kafka key comes before a partition key, in whatever shape it arrives', () => {
  const { bodies, metadata } = recorded('eventhub-binary-batch');
  const system = metadata['systemPropertiesArray'] as Record<string, unknown>[];
  for (const key of [
    Buffer.from('tx-1'),
    { 0: 116, 1: 120, 2: 45, 3: 49 },
    'tx-1',
    { type: 'Buffer', data: [116, 120, 45, 49] },
  ]) {
    const withKey = [{ ...system[0], 'x-opt-kafka-key': key }, ...system.slice(1)];
    assert.equal(readBrokerEvents(bodies, { ...metadata, systemPropertiesArray: withKey })[0]!.key, 'tx-1');
  }
});

// The host writes the metadata as JSON, where .NET's bytes are base64: that is how a Kafka producer's key and headers arrive.
test('key and headers of a Kafka producer are read from their base64', () => {
  const { bodies, metadata } = recorded('eventhub-binary-batch');
  const [first, ...others] = metadata['systemPropertiesArray'] as Record<string, unknown>[];
  const read = (key: string | Buffer, correlationId: unknown) =>
    readBrokerEvents(bodies, {
      ...metadata,
      systemPropertiesArray: [{ ...first, 'x-opt-kafka-key': key }, ...others],
      propertiesArray: [{ 'x-correlation-id': correlationId }, {}, {}],
    })[0]!;
  const base64 = (bytes: string | number[]) => Buffer.from(bytes as string).toString('base64');
  const { key, correlationId } = read(base64('tx-서울'), base64('request-1'));
  assert.deepEqual([key, correlationId], ['tx-서울', 'request-1']);
  assert.equal(read('', null).key, '');
  // Bytes that are no text are a key in hexadecimal, and no correlation id: as a repair of gaps reads them from the client.
  assert.equal(read(base64([0, 0, 1, 0xff]), null).key, '\\x000001ff');
  assert.equal(read(base64('order-1'), base64([0xff, 0xfe])).correlationId, null);
  // Not the form that .NET gives to bytes: so text.
  for (const text of ['tx-1', 'dHgtMQ', 'dHgtMR==', ' dHgt']) {
    assert.equal(read(text, null).key, text);
    assert.equal(read(base64('k'), text).correlationId, text);
  }
  assert.equal(read(Buffer.from('k'), base64('request-1')).correlationId, 'request-1');
});

test('without any key, the base64 of a printable text is a Kafka header, and everything else what it looks like', () => {
  const { bodies, metadata } = recorded('eventhub-binary-batch');
  const [first, ...others] = metadata['systemPropertiesArray'] as Record<string, unknown>[];
  const keyless = { ...first, 'x-opt-partition-key': undefined, partitionKey: null };
  const read = (correlationId: unknown) =>
    readBrokerEvents(bodies, {
      ...metadata,
      systemPropertiesArray: [keyless, ...others],
      propertiesArray: [{ 'x-correlation-id': correlationId }, {}, {}],
    })[0]!;
  assert.equal(read('cmVxdWVzdC0x').correlationId, 'request-1');
  assert.equal(read(Buffer.from('요청 1').toString('base64')).correlationId, '요청 1');
  const texts = [
    ...['request-1', '4711', 'order123', 'd41d8cd98f00b204e9800998ecf8427e', 'AAAB/w==', 'dHgtMR=='],
    '6f9619ff-8b86-d011-b42d-00c04fc964ff',
  ];
  for (const text of texts) assert.equal(read(text).correlationId, text);
});

test('a correlation id is the same by the host and by the client library, whatever its producer speaks', () => {
  const { bodies, metadata } = recorded('eventhub-binary-batch');
  const [first, ...others] = metadata['systemPropertiesArray'] as Record<string, unknown>[];
  const kafkaKey = Buffer.from('k');
  const values = [
    Buffer.from('request-1'),
    Buffer.from('a\nb'),
    Buffer.from([0xff]),
    'request-1',
    'cmVxdWVzdC0x',
  ];
  const keys = [{}, { 'x-opt-kafka-key': kafkaKey }, { 'x-opt-partition-key': 'k' }] as const;
  for (const key of keys) {
    for (const value of values) {
      const asJson = (bytes: unknown) => (Buffer.isBuffer(bytes) ? bytes.toString('base64') : bytes);
      const annotations = Object.fromEntries(Object.entries(key).map(([name, of]) => [name, asJson(of)]));
      const keyless = { ...first, 'x-opt-partition-key': undefined, partitionKey: null };
      const [byHost] = readBrokerEvents(bodies, {
        ...metadata,
        systemPropertiesArray: [{ ...keyless, ...annotations }, ...others],
        propertiesArray: [{ 'x-correlation-id': asJson(value) }, {}, {}],
      });
      const byClient = brokerEventOf(
        receivedEvent({
          properties: { 'x-correlation-id': value },
          partitionKey: 'x-opt-partition-key' in key ? 'k' : null,
          annotations: key,
        }),
        0,
      );
      assert.equal(byClient.correlationId, byHost!.correlationId, `${Object.keys(key)} ${value}`);
    }
  }
});

test('what looks like base64 is text where a partition key says that the producer speaks AMQP', () => {
  const { bodies, metadata } = recorded('eventhub-binary-batch');
  const [first, ...others] = metadata['systemPropertiesArray'] as Record<string, unknown>[];
  const [event] = readBrokerEvents(bodies, {
    ...metadata,
    systemPropertiesArray: [{ ...first, 'x-opt-partition-key': 'k' }, ...others],
    propertiesArray: [{ 'x-correlation-id': 'dHgtMQ==' }, {}, {}],
  });
  assert.equal(event!.correlationId, 'dHgtMQ==');
});

test('a key that PostgreSQL could not hold, or that looks like hex, becomes hex', () => {
  assert.equal(keyText(Buffer.from([0xff, 0x00])), '\\xff00');
  assert.equal(keyText(Buffer.from('a\0b')), '\\x610062');
  assert.equal(keyText('a\0b'), '\\x610062');
  assert.equal(keyText('\\xab'), '\\x5c786162');
  assert.equal(keyText(Buffer.from('\\x')), '\\x5c78');
  assert.equal(keyText('\ud800'), '\\xefbfbd');
  assert.equal(keyText('서울'), '서울');
  assert.equal(keyText(Buffer.alloc(0)), '');
  assert.equal(keyText(42), '42');
  assert.equal(keyText(null), null);
  assert.equal(keyText({ toString: 'x' }), null);
  assert.equal(keyText(true), null);
});

test('the correlation id is the first of its names, printable, and cut to 128 characters', () => {
  const { bodies, metadata } = recorded('eventhub-binary-batch');
  const read = (properties: object) =>
    readBrokerEvents(bodies, { ...metadata, propertiesArray: [properties, {}, {}] })[0]!.correlationId;
  assert.equal(read({ correlation_id: 'c', 'Correlation-Id': 'b', 'x-correlation-ID': 'a' }), 'a');
  assert.equal(read({ correlation_id: 'c' }), 'c');
  assert.equal(read({ 'x-correlation-id': 'a\u0000\n\u200b\u202eb' }), 'ab');
  assert.equal(read({ 'x-correlation-id': '😀'.repeat(200) }), '😀'.repeat(128));
  assert.equal(read({ 'x-correlation-id': '\n', correlation_id: 'c' }), 'c');
  assert.equal(read({ 'x-correlation-id': { nested: true } }), null);
  assert.equal(read({ 'x-correlation-id': Buffer.from('a\nb') }), 'ab');
  assert.equal(read({ other: 'x' }), null);
});
