import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import {
  EventHubBufferedProducerClient,
  EventHubConsumerClient,
  EventHubProducerClient,
} from '@azure/event-hubs';
import { test } from 'vitest';
import { startEmulator } from '../../tools/local/emulator/emulator.ts';
import { partitionForKey } from '../../tools/local/emulator/partitionKeyHash.ts';
import {
  afterwards,
  bodyText,
  consumerFor,
  FAIL_FAST,
  producerFor,
  read,
  startedEmulator,
  temporaryDirectory,
  until,
} from './emulatorClients.ts';

// First, because the buffered producer keeps the process alive for ten seconds after it was closed.
test('the buffered producer and the plain one send a key to the same partition', async (t) => {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 5 }]);
  const keys = Array.from({ length: 40 }, (_, n) => `konto-${n}-ä€`);
  const producer = producerFor(t, connectionString, 'ledger');
  for (const key of keys) await producer.sendBatch([{ body: key }], { partitionKey: key });
  const buffered = new EventHubBufferedProducerClient(connectionString, 'ledger', {
    onSendEventsErrorHandler: async ({ error }) => assert.fail(error),
    maxWaitTimeInMs: 50,
  });
  for (const key of keys) await buffered.enqueueEvent({ body: key }, { partitionKey: key });
  await buffered.flush();
  await buffered.close();

  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('all events are read', () => reading.events.length === 2 * keys.length);
  for (const [partition, events] of reading.byPartition) {
    const counts = Map.groupBy(events, bodyText);
    for (const [body, same] of counts) assert.equal(same.length, 2, `${body} in partition ${partition}`);
  }
});

test('hub and partition properties are exact, for an empty hub and for one with events', async (t) => {
  const before = Date.now();
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 3 }]);
  const producer = producerFor(t, connectionString, 'LEDGER');
  const hub = await producer.getEventHubProperties();
  assert.equal(hub.name, 'ledger');
  assert.deepEqual(hub.partitionIds, ['0', '1', '2']);
  assert.ok(hub.createdOn.getTime() >= before && hub.createdOn.getTime() <= Date.now());
  const empty = await producer.getPartitionProperties('1');
  assert.equal(empty.isEmpty, true);
  assert.deepEqual([empty.beginningSequenceNumber, empty.lastEnqueuedSequenceNumber], [0, -1]);
  assert.equal(empty.lastEnqueuedOffset, '-1');

  await producer.sendBatch([{ body: 1 }, { body: 2 }], { partitionId: '1' });
  const filled = await producer.getPartitionProperties('1');
  const reading = read(t, consumerFor(t, connectionString, 'ledger'), { partition: '1' });
  await until('both events are read', () => reading.events.length === 2);
  assert.deepEqual(filled, {
    beginningSequenceNumber: 0,
    eventHubName: 'ledger',
    lastEnqueuedOffset: reading.events[1]?.offset,
    lastEnqueuedOnUtc: reading.events[1]?.enqueuedTimeUtc,
    lastEnqueuedSequenceNumber: 1,
    partitionId: '1',
    isEmpty: false,
  });
});

test('events arrive by partition id, by partition key and in turns, with their metadata', async (t) => {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 4 }]);
  const producer = producerFor(t, connectionString, 'ledger');
  const before = Date.now();
  await producer.sendBatch([{ body: 'by id', properties: { source: 'test', number: 7, yes: true } }], {
    partitionId: '2',
  });
  await producer.sendBatch(
    [{ body: 'by key', contentType: 'text/plain', messageId: 'm-1', correlationId: 'c-1' }],
    {
      partitionKey: 'order-4711',
    },
  );
  for (let turn = 0; turn < 4; turn++) await producer.sendBatch([{ body: `turn ${turn}` }]);

  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('all six events are read', () => reading.events.length === 6);
  const at = (partition: string, text: string) =>
    reading.byPartition.get(partition)?.find((event) => bodyText(event) === JSON.stringify(text));
  const byId = at('2', 'by id');
  assert.deepEqual(byId?.properties, { source: 'test', number: 7, yes: true });
  assert.equal(byId?.sequenceNumber, 0);
  assert.equal(typeof byId?.offset, 'string');
  assert.equal(byId?.partitionKey, undefined);
  assert.ok(byId && byId.enqueuedTimeUtc.getTime() >= before && byId.enqueuedTimeUtc.getTime() <= Date.now());
  const byKey = at(String(partitionForKey('order-4711', 4)), 'by key');
  assert.equal(byKey?.partitionKey, 'order-4711');
  assert.deepEqual(
    [byKey?.contentType, byKey?.messageId, byKey?.correlationId],
    ['text/plain', 'm-1', 'c-1'],
  );
  for (let turn = 0; turn < 4; turn++) assert.ok(at(String(turn), `turn ${turn}`), `turn ${turn}`);
});

test('bodies, properties and annotations arrive exactly as they were sent', async (t) => {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const producer = producerFor(t, connectionString, 'ledger');
  const large = Buffer.alloc(1_000_000);
  for (let at = 0; at < large.length; at++) large[at] = (at * 7919) >>> 3;
  const bodies = [
    Buffer.alloc(0),
    Buffer.of(0xff, 0xfe, 0x00, 0xc3, 0x28),
    Buffer.from('9007199254740993'),
    large,
  ];
  for (const body of bodies) {
    await producer.sendBatch([
      {
        body,
        bodyType: 'data',
        applicationProperties: {
          text: 'ä€',
          bytes: Buffer.of(0xc3, 0x28),
          big: 2 ** 40,
          half: 0.5,
          none: null,
        },
        messageAnnotations: { 'x-opt-kafka-key': Buffer.of(0xff, 0x00), 'x-opt-offset': 'forged' },
      },
    ]);
  }
  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('all bodies are read', () => reading.events.length === bodies.length);
  reading.events.forEach((event, number) => {
    assert.ok((event.body as Buffer).equals(bodies[number]!), `body ${number}`);
    const raw = event.getRawAmqpMessage();
    const properties = raw.applicationProperties as Record<string, unknown>;
    assert.deepEqual(properties['bytes'], Buffer.of(0xc3, 0x28));
    assert.deepEqual(
      [properties['text'], properties['big'], properties['half'], properties['none']],
      ['ä€', 2 ** 40, 0.5, null],
    );
    assert.deepEqual(raw.messageAnnotations?.['x-opt-kafka-key'], Buffer.of(0xff, 0x00));
    assert.equal(event.sequenceNumber, number);
    assert.notEqual(event.offset, 'forged');
  });
});

test('ten thousand events in batches all arrive exactly once and in order in each partition', async (t) => {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 4 }]);
  const producer = producerFor(t, connectionString, 'ledger');
  const total = 10_000;
  for (let number = 0; number < total; ) {
    const batch = await producer.createBatch({ partitionKey: `key-${number % 7}`, maxSizeInBytes: 20_000 });
    while (number < total && batch.tryAdd({ body: number })) number++;
    await producer.sendBatch(batch);
  }
  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('all events are read', () => reading.events.length >= total);
  const numbers = reading.events.map((event) => Number(bodyText(event)));
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: total }, (_, number) => number),
  );
  assert.ok(reading.byPartition.size > 1);
  for (const events of reading.byPartition.values()) {
    const inPartition = events.map((event) => Number(bodyText(event)));
    assert.deepEqual(
      inPartition,
      inPartition.toSorted((a, b) => a - b),
    );
    events.forEach((event, at) => {
      assert.equal(event.sequenceNumber, at);
    });
  }
});

test('sends that run at once beyond the credit are all stored', async (t) => {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 2 }]);
  const producer = new EventHubProducerClient(connectionString, 'ledger');
  afterwards(t, () => producer.close());
  await producer.getPartitionIds();
  await Promise.all(Array.from({ length: 1000 }, (_, n) => producer.sendBatch([{ body: n }])));
  const stored = await Promise.all(['0', '1'].map((id) => producer.getPartitionProperties(id)));
  assert.deepEqual(
    stored.map((partition) => partition.lastEnqueuedSequenceNumber),
    [499, 499],
  );
});

test('a message above one mebibyte is refused and the link stays usable', async (t) => {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const producer = producerFor(t, connectionString, 'ledger');
  const batch = await producer.createBatch();
  assert.equal(batch.maxSizeInBytes, 1024 * 1024);
  await assert.rejects(producer.sendBatch([{ body: 'x'.repeat(600_000) }, { body: 'y'.repeat(600_000) }]), {
    code: 'MessageTooLargeError',
  });
  await producer.sendBatch([{ body: 'small' }]);
  assert.equal((await producer.getPartitionProperties('0')).lastEnqueuedSequenceNumber, 0);
});

test('an unknown hub and an unknown partition are reported as such', async (t) => {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const stranger = producerFor(t, connectionString, 'nobody');
  await assert.rejects(stranger.sendBatch([{ body: 1 }]), { code: 'MessagingEntityNotFoundError' });
  await assert.rejects(stranger.getEventHubProperties(), { code: 'MessagingEntityNotFoundError' });
  const producer = producerFor(t, connectionString, 'ledger');
  await assert.rejects(producer.sendBatch([{ body: 1 }], { partitionId: '7' }), {
    code: 'ArgumentOutOfRangeError',
  });
  await assert.rejects(producer.getPartitionProperties('7'), { code: 'ArgumentOutOfRangeError' });
});

test('a wrong key is refused', async (t) => {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const wrong = connectionString.replace('SAS_KEY_VALUE', 'another');
  await assert.rejects(producerFor(t, wrong, 'ledger').sendBatch([{ body: 1 }]), {
    code: 'UnauthorizedError',
  });
  const consumer = new EventHubConsumerClient('$Default', wrong, 'ledger', FAIL_FAST);
  afterwards(t, () => consumer.close());
  await assert.rejects(consumer.getPartitionIds(), { code: 'UnauthorizedError' });
});

test('a taken port is reported with the setting that moves it, and no file is touched', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  afterwards(t, () => other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  assert.ok(address !== null && typeof address === 'object');
  const options = {
    port: address.port,
    directory: temporaryDirectory(t),
    hubs: [{ name: 'ledger', partitions: 1 }],
  };
  await assert.rejects(startEmulator(options), (error: Error) => {
    assert.match(error.message, new RegExp(`Port ${options.port} .* is in use.* LOCAL_EVENT_HUBS_PORT`));
    return true;
  });
});
