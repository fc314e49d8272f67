import assert from 'node:assert/strict';
import rhea, { type Message } from 'rhea';
import { test } from 'vitest';
import { encodeMapSection } from '../../../tools/local/emulator/amqp/encode.ts';
import { MalformedAmqp, readSections } from '../../../tools/local/emulator/amqp/walk.ts';
import {
  buildDelivery,
  readEvent,
  splitBatch,
  withRuntimeMetrics,
} from '../../../tools/local/emulator/eventBytes.ts';

const placement = { sequenceNumber: 41, offset: 123_456_789_012, enqueuedTime: 1_790_000_000_000 };
const { message: codec, types } = rhea;

function batchOf(...messages: Buffer[]): Buffer {
  return codec.encode({ body: codec.data_sections(messages) });
}

/** Stores one message as the emulator would and decodes what a consumer gets. */
function throughTheBroker(message: Message): ReturnType<typeof codec.decode> {
  const [event] = splitBatch(batchOf(codec.encode(message)));
  assert.ok(event);
  return codec.decode(buildDelivery(event, placement));
}

test('a delivery carries sequence number, offset and enqueued time in the types of the service', () => {
  const delivered = throughTheBroker({ body: codec.data_section(Buffer.from('{}')) });
  assert.deepEqual(delivered['message_annotations'], {
    'x-opt-sequence-number': 41,
    'x-opt-offset': '123456789012',
    'x-opt-enqueued-time': new Date(placement.enqueuedTime),
  });
});

test("the producer's annotations stay, except those that belong to the broker", () => {
  const delivered = throughTheBroker({
    message_annotations: {
      'x-opt-partition-key': 'order-7',
      'x-opt-kafka-key': Buffer.of(0xff, 0x00),
      'x-opt-offset': 'forged',
      'x-opt-sequence-number': types.wrap_long(9),
    },
    body: codec.data_section(Buffer.alloc(0)),
  });
  const annotations = delivered['message_annotations'];
  assert.equal(annotations['x-opt-partition-key'], 'order-7');
  assert.deepEqual(annotations['x-opt-kafka-key'], Buffer.of(0xff, 0x00));
  assert.equal(annotations['x-opt-offset'], '123456789012');
  assert.equal(annotations['x-opt-sequence-number'], 41);
});

test('header, properties, body and footer are copied byte for byte', () => {
  const message = codec.encode({
    durable: true,
    ttl: 1000,
    delivery_annotations: { hop: 'dropped' },
    message_id: 'm-1',
    content_type: 'application/octet-stream',
    application_properties: { wide: types.wrap_ulong(Buffer.alloc(8, 0xee)), small: types.wrap_byte(-3) },
    body: codec.data_sections([Buffer.of(0xc3, 0x28), Buffer.alloc(300, 0xfe)]),
    footer: { checksum: 'abc' },
  });
  const [event] = splitBatch(batchOf(message));
  const delivery = buildDelivery(event!, placement);
  // 0x71 and 0x72 are the annotations, which the broker replaces.
  const kept = (bytes: Buffer) =>
    readSections(bytes)
      .filter((section) => section.code !== 0x71 && section.code !== 0x72)
      .map((section) => bytes.toString('hex', section.start, section.end));
  assert.deepEqual(kept(delivery), kept(message));
  assert.deepEqual(
    readSections(delivery)
      .map((section) => section.code)
      .slice(0, 3),
    [0x70, 0x72, 0x73],
  );
});

test('bodies that are values or sequences survive', () => {
  assert.equal(throughTheBroker({ body: null })['body'], null);
  const sequence = throughTheBroker({ body: codec.sequence_section(['a', 1, null]) });
  assert.deepEqual(sequence['body'].content, ['a', 1, null]);
});

test('a batch is split into its events with their partition keys', () => {
  const events = splitBatch(
    batchOf(
      codec.encode({
        message_annotations: { 'x-opt-partition-key': 'k' },
        body: codec.data_section(Buffer.of(1)),
      }),
      codec.encode({ body: codec.data_section(Buffer.of(2)) }),
    ),
  );
  assert.deepEqual(
    events.map((event) => event.partitionKey),
    ['k', undefined],
  );
});

test('bytes that are no batch are refused, wherever they are cut', () => {
  const batch = batchOf(codec.encode({ body: codec.data_section(Buffer.from('abc')), message_id: 'm' }));
  for (let length = 1; length < batch.length; length++) {
    assert.throws(() => splitBatch(batch.subarray(0, length)), MalformedAmqp, `cut at ${length}`);
  }
  assert.throws(() => splitBatch(Buffer.from('plain text')), MalformedAmqp);
});

test('a data section without bytes, and a section of no known kind, are refused', () => {
  const text = Buffer.from([0xa1, 4, ...Buffer.from('text')]);
  for (const code of [0x75, 0x79]) {
    assert.throws(() => readEvent(Buffer.concat([Buffer.of(0x00, 0x53, code), text])), MalformedAmqp);
  }
  assert.equal(readEvent(Buffer.concat([Buffer.of(0x00, 0x53, 0x77), text])).rest.length, 1);
});

test('runtime metrics go between the header and the annotations and leave the rest alone', () => {
  const last = { sequenceNumber: 99, offset: 5_000, enqueuedTime: 1_790_000_001_000 };
  for (const message of [{ body: null }, { body: null, durable: true }]) {
    const [event] = splitBatch(batchOf(codec.encode(message)));
    const delivery = buildDelivery(event!, placement);
    const delivered = codec.decode(withRuntimeMetrics(delivery, last, 1_790_000_002_000));
    assert.deepEqual(delivered['delivery_annotations'], {
      last_enqueued_sequence_number: 99,
      last_enqueued_offset: '5000',
      last_enqueued_time_utc: new Date(1_790_000_001_000),
      runtime_info_retrieval_time_utc: new Date(1_790_000_002_000),
    });
    assert.deepEqual(delivered['message_annotations'], codec.decode(delivery)['message_annotations']);
  }
});

test('a map section of no entries is valid', () => {
  assert.deepEqual(codec.decode(encodeMapSection(0x72, 0, []))['message_annotations'], {});
});
