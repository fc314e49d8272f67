import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { ReceivedEventData } from '@azure/event-hubs';
import { test } from 'vitest';
import { brokerEventOf } from '../../shared/ingest/receivedEvent.ts';
import { startEmulator } from '../../tools/local/emulator/emulator.ts';
import { bodyText, consumerFor, producerFor, read, temporaryDirectory, until } from './emulatorClients.ts';
import { CLIENTS, CODECS, clientFor, type KafkaMessage, kafkaEmulator } from './kafkaClients.ts';

const annotations = (event: ReceivedEventData) => event.getRawAmqpMessage().messageAnnotations ?? {};
const properties = (event: ReceivedEventData) => event.getRawAmqpMessage().applicationProperties ?? {};

for (const [name, start] of Object.entries(CLIENTS)) {
  test(`${name}: key, headers, value and partition arrive as from the service, beside AMQP events`, async (t) => {
    const { login, connectionString } = await kafkaEmulator(t);
    const before = Date.now();
    await producerFor(t, connectionString, 'ledger').sendBatch([{ body: Buffer.from('amqp') }], {
      partitionId: '2',
    });
    const binary = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    const messages: KafkaMessage[] = [
      { topic: 'ledger', partition: 2, key: Buffer.from('tx-1'), value: Buffer.from('{"a":1}') },
      {
        topic: 'ledger',
        partition: 2,
        key: binary,
        value: Buffer.concat([binary, Buffer.alloc(300_000, 7)]),
        headers: {
          'x-correlation-id': 'request-서울',
          binary,
          [`long-${'n'.repeat(300)}`]: Buffer.alloc(300, 1),
        },
      },
      { topic: 'ledger', partition: 2, value: Buffer.from('no key') },
      { topic: 'LEDGER', partition: 2, key: Buffer.from('tombstone') },
    ];
    const client = clientFor(t, start, login);
    for (const message of messages) await client.send([message]);

    const reading = read(t, consumerFor(t, connectionString, 'ledger'), { partition: '2' });
    await until('all events are read', () => reading.events.length === 5);
    const [amqp, first, second, keyless, tombstone] = reading.events;
    assert.equal(bodyText(amqp!), 'amqp');
    assert.deepEqual(
      reading.events.map(({ sequenceNumber }) => sequenceNumber),
      [0, 1, 2, 3, 4],
    );
    assert.equal(bodyText(first!), '{"a":1}');
    assert.deepEqual(annotations(first!)['x-opt-kafka-key'], Buffer.from('tx-1'));
    assert.equal(first!.partitionKey, undefined);
    assert.deepEqual(properties(first!), {});
    assert.ok(first!.enqueuedTimeUtc.getTime() >= before && first!.enqueuedTimeUtc.getTime() <= Date.now());

    assert.deepEqual(second!.body, messages[1]!.value);
    assert.deepEqual(annotations(second!)['x-opt-kafka-key'], binary);
    assert.deepEqual(properties(second!), {
      'x-correlation-id': Buffer.from('request-서울'),
      binary,
      [`long-${'n'.repeat(300)}`]: Buffer.alloc(300, 1),
    });
    // A repair of gaps reads events this way, and the trigger in another: both have to find the same.
    const { key, correlationId } = brokerEventOf(second!, 2);
    assert.deepEqual([key, correlationId], ['\\xff00c328', 'request-서울']);
    assert.equal(annotations(keyless!)['x-opt-kafka-key'], undefined);
    assert.deepEqual(tombstone!.body, Buffer.alloc(0));
    assert.deepEqual(annotations(tombstone!)['x-opt-kafka-key'], Buffer.from('tombstone'));
  });

  test(`${name}: every codec, and every kind of acknowledgement`, async (t) => {
    const { login, connectionString } = await kafkaEmulator(t);
    const client = clientFor(t, start, login);
    const wanted: string[] = [];
    for (const codec of CODECS) {
      for (const acks of [-1, 1, 0]) {
        const values = Array.from({ length: 200 }, (_, n) => `${codec} ${acks} ${n} ${'x'.repeat(n)}`);
        wanted.push(...values);
        const messages = values.map((value) => ({
          topic: 'ledger',
          partition: 1,
          key: Buffer.from('k'),
          value: Buffer.from(value),
        }));
        await client.send(messages, { codec, acks });
      }
    }
    const reading = read(t, consumerFor(t, connectionString, 'ledger'), { partition: '1' });
    await until('all events are read', () => reading.events.length === wanted.length);
    assert.deepEqual(reading.events.map(bodyText), wanted);
  });

  test(`${name}: a key always goes to the partition that the client chose for it`, async (t) => {
    const { login, connectionString } = await kafkaEmulator(t);
    const client = clientFor(t, start, login, { idempotent: true });
    const keys = Array.from({ length: 60 }, (_, n) => `tx-${n}`);
    for (let round = 0; round < 3; round++) {
      await client.send(
        keys.map((key) => ({
          topic: 'ledger',
          key: Buffer.from(key),
          value: Buffer.from(`${key} ${round}`),
        })),
      );
    }
    const reading = read(t, consumerFor(t, connectionString, 'ledger'));
    await until('all events are read', () => reading.events.length === 180);
    assert.equal(reading.byPartition.size, 3);
    const partitionsOf = new Map<string, Set<string>>();
    for (const [partition, events] of reading.byPartition) {
      for (const key of events.map((event) => bodyText(event).split(' ')[0]!)) {
        partitionsOf.set(key, (partitionsOf.get(key) ?? new Set()).add(partition));
      }
    }
    assert.equal(partitionsOf.size, 60);
    assert.ok([...partitionsOf.values()].every(({ size }) => size === 1));
  });

  test(`${name}: who does not bring the emulator's connection string is refused`, async (t) => {
    const { login, connectionString } = await kafkaEmulator(t);
    const messages = [{ topic: 'ledger', value: Buffer.from('x') }];
    for (const wrong of [
      { ...login, user: 'somebody' },
      { ...login, password: connectionString.replace('SAS_KEY_VALUE', 'other') },
      { ...login, password: connectionString.replace('RootManage', 'Other') },
      { ...login, password: 'no connection string' },
    ]) {
      await assert.rejects(clientFor(t, start, wrong, { retries: 0 }).send(messages), (error: Error) => {
        assert.match(allTexts(error), /SASL|authentication/i);
        return true;
      });
    }
    const forOneHub = { ...login, password: `${connectionString}EntityPath=Other` };
    await assert.rejects(clientFor(t, start, forOneHub, { retries: 0 }).send(messages), /./);
    await clientFor(t, start, { ...login, password: `${connectionString}EntityPath=Ledger` }).send(messages);
    const reading = read(t, consumerFor(t, connectionString, 'ledger'));
    await until('the event is read', () => reading.events.length === 1);
  });

  test(`${name}: a topic that does not exist, and a message that is too large, are errors`, async (t) => {
    const { login, connectionString } = await kafkaEmulator(t);
    const client = clientFor(t, start, login, { retries: 0 });
    await assert.rejects(client.send([{ topic: 'nobody', value: Buffer.from('x') }]), (error: Error) => {
      assert.match(allTexts(error), /does not host this topic|Unknown topic nobody/);
      return true;
    });
    const large = [{ topic: 'ledger', partition: 0, value: Buffer.alloc(1024 * 1024) }];
    await assert.rejects(client.send(large), (error: Error) => {
      assert.match(allTexts(error), /larger than the max message size|MESSAGE_TOO_LARGE/i);
      return true;
    });
    // Small on its way, too large as an event.
    await assert.rejects(client.send(large, { codec: 'zstd' }), (error: Error) => {
      assert.match(allTexts(error), /larger than the max message size|MESSAGE_TOO_LARGE/i);
      return true;
    });
    await client.send([{ topic: 'ledger', partition: 0, value: Buffer.alloc(1_000_000) }]);
    const reading = read(t, consumerFor(t, connectionString, 'ledger'));
    await until('the event is read', () => reading.events.length === 1);
    assert.equal((reading.events[0]!.body as Buffer).length, 1_000_000);
  });

  test(`${name}: a client goes on when the emulator comes back, and nothing is lost or doubled`, async (t) => {
    const directory = temporaryDirectory(t);
    const hubs = [{ name: 'ledger', partitions: 3 }];
    const first = await kafkaEmulator(t, hubs, { directory });
    const client = clientFor(t, start, first.login, { idempotent: true, retries: 60 });
    const send = (from: number, count: number) =>
      client.send(
        Array.from({ length: count }, (_, n) => ({
          topic: 'ledger',
          key: Buffer.from(`tx-${from + n}`),
          value: Buffer.from(`${from + n}`),
        })),
      );
    await send(0, 100);
    const ports = { port: first.port, kafkaPort: first.kafkaPort! };
    await first.stop();
    const duringOutage = send(100, 100);
    const second = await kafkaEmulator(t, hubs, { directory, ...ports });
    await duringOutage;
    await send(200, 100);
    const reading = read(t, consumerFor(t, second.connectionString, 'ledger'));
    await until('all events are read', () => reading.events.length >= 300);
    const numbers = reading.events.map((event) => Number(bodyText(event))).sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from({ length: 300 }, (_, n) => n),
    );
  });
}

test('a port of the Kafka endpoint that is in use is named, and nothing is left behind', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.onTestFinished(() => void other.close());
  await until('the port is taken', () => other.listening);
  const { port: kafkaPort } = other.address() as { port: number };
  const options = { port: 0, directory: temporaryDirectory(t), hubs: [{ name: 'ledger', partitions: 1 }] };
  await assert.rejects(
    startEmulator({ ...options, kafkaPort }),
    new RegExp(`Port ${kafkaPort} .* is in use.* LOCAL_KAFKA_PORT`),
  );
  await (await startEmulator(options)).stop();
});

/** What an error and those inside it say. */
function allTexts(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const inner = [error.cause, ...(error instanceof AggregateError ? error.errors : [])];
  return [error.name, error.message, (error as { type?: string }).type, ...inner.map(allTexts)].join(' ');
}
