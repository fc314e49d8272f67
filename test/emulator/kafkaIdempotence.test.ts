import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { connect, createServer, type Socket } from 'node:net';
import { createRecordsBatch, NumericMap } from '@platformatic/kafka';
import { type TestContext, test, vi } from 'vitest';
import { ProducerStates, type Stored } from '../../tools/local/emulator/kafka/producerStates.ts';
import { afterwards, bodyText, consumerFor, read, temporaryDirectory, until } from './emulatorClients.ts';
import {
  API,
  BareConnection,
  CLIENTS,
  clientFor,
  int16,
  int32,
  kafkaEmulator,
  type Login,
  produceBody,
  produceResults,
  text,
} from './kafkaClients.ts';

/** A proxy in front of the Kafka endpoint that can lose the answer to a Produce request, and the connection with it. */
class LossyProxy {
  #lose = 0;
  lost = 0;
  port = 0;

  static async start(t: TestContext, target: number): Promise<LossyProxy> {
    const proxy = new LossyProxy();
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const broker = connect(target, '127.0.0.1');
      let swallow = false;
      for (const socket of [client, broker]) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => (socket === client ? broker : client).destroy());
      }
      client.on('data', (chunk: Buffer) => {
        // The tests send requests that fit into one chunk: length, then the key of the request.
        if (proxy.#lose > 0 && chunk.length > 6 && chunk.readInt16BE(4) === API.produce) {
          proxy.#lose--;
          swallow = true;
        }
        broker.write(chunk);
      });
      broker.on('data', (chunk: Buffer) => {
        if (swallow) {
          proxy.lost++;
          client.destroy();
        } else client.write(proxy.#leadHere(chunk, target));
      });
    });
    afterwards(t, async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy.port = (server.address() as { port: number }).port;
    return proxy;
  }

  loseNextAnswers(count: number): void {
    this.#lose = count;
  }

  /** The broker tells clients where it is: they have to come through here. */
  #leadHere(chunk: Buffer, target: number): Buffer {
    const address = Buffer.concat([Buffer.from('127.0.0.1'), int32(target)]);
    const at = chunk.indexOf(address);
    if (at >= 0) chunk.writeInt32BE(this.port, at + address.length - 4);
    return chunk;
  }
}

for (const [name, start] of Object.entries(CLIENTS)) {
  test(`${name}: a batch that is sent again because its acknowledgement was lost is stored once`, async (t) => {
    const { login, kafkaPort, connectionString } = await kafkaEmulator(t, [
      { name: 'ledger', partitions: 1 },
    ]);
    const proxy = await LossyProxy.start(t, kafkaPort!);
    const client = clientFor(t, start, { ...login, port: proxy.port }, { idempotent: true, retries: 10 });
    const send = (value: string) => client.send([{ topic: 'ledger', value: Buffer.from(value) }]);
    await send('first');
    proxy.loseNextAnswers(2);
    await send('again and again');
    await send('last');
    assert.equal(proxy.lost, 2);
    const reading = read(t, consumerFor(t, connectionString, 'ledger'));
    await until('the last event is read', () => reading.events.some((event) => bodyText(event) === 'last'));
    assert.deepEqual(reading.events.map(bodyText), ['first', 'again and again', 'last']);
  });
}

test('without idempotence a batch that is sent again is stored twice: that is what it is for', async (t) => {
  const { login, kafkaPort, connectionString } = await kafkaEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const proxy = await LossyProxy.start(t, kafkaPort!);
  const client = clientFor(t, CLIENTS['kafkajs']!, { ...login, port: proxy.port }, { retries: 10 });
  proxy.loseNextAnswers(1);
  await client.send([{ topic: 'ledger', value: Buffer.from('twice') }]);
  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('both are read', () => reading.events.length === 2);
});

const { appendFileSync } = fs;

interface Position {
  id: bigint;
  epoch?: number;
  sequence: number;
  count?: number;
}

/** A batch of an idempotent producer; its values say which one it is. */
function batchOf({ id, epoch = 0, sequence, count = 3 }: Position): Buffer {
  const messages = Array.from({ length: count }, (_, n) => ({
    topic: 'ledger',
    partition: 0,
    value: Buffer.from(`${epoch}/${sequence + n}`),
  }));
  const sequences = new NumericMap([['ledger:0', sequence]]);
  return createRecordsBatch(messages, { producerId: id, producerEpoch: epoch, sequences }).buffer;
}

async function send(connection: BareConnection, position: Position) {
  const answer = await connection.ask(API.produce, 3, produceBody('ledger', [[0, batchOf(position)]]));
  const { code, offset } = produceResults(answer, 'ledger').get(0)!;
  return code === 0 ? offset : `error ${code}`;
}

async function producerId(connection: BareConnection): Promise<bigint> {
  const answer = await connection.ask(API.producerId, 0, int16(-1), int32(0));
  assert.equal(answer.readInt16BE(4), 0);
  return answer.readBigInt64BE(6);
}

test('sequence numbers are checked as Kafka checks them', async (t) => {
  const { login, connectionString } = await kafkaEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const connection = await BareConnection.loggedIn(t, login);
  const id = await producerId(connection);
  assert.notEqual(await producerId(connection), id);
  for (let n = 0; n < 6; n++) assert.equal(await send(connection, { id, sequence: 3 * n }), 3 * n);
  // The last five are known; what came before, a gap, and another size are out of order.
  for (let n = 1; n < 6; n++) assert.equal(await send(connection, { id, sequence: 3 * n }), 3 * n);
  assert.equal(await send(connection, { id, sequence: 0 }), 'error 45');
  assert.equal(await send(connection, { id, sequence: 19 }), 'error 45');
  assert.equal(await send(connection, { id, sequence: 15, count: 4 }), 'error 45');
  // A new epoch begins anew, and shuts out the old one.
  assert.equal(await send(connection, { id, epoch: 1, sequence: 18 }), 'error 45');
  assert.equal(await send(connection, { id, epoch: 1, sequence: 0 }), 18);
  assert.equal(await send(connection, { id, epoch: 1, sequence: 0 }), 18);
  assert.equal(await send(connection, { id, sequence: 18 }), 'error 47');
  // Another producer is its own affair.
  assert.equal(await send(connection, { id: await producerId(connection), sequence: 0 }), 21);
  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('all events are read', () => reading.events.length >= 24);
  assert.equal(reading.events.length, 24);
});

test('sequence numbers go on at 0 after the largest one', async (t) => {
  const { login } = await kafkaEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const connection = await BareConnection.loggedIn(t, login);
  const id = await producerId(connection);
  const last = 2 ** 31 - 2;
  assert.equal(await send(connection, { id, sequence: last, count: 3 }), 0);
  assert.equal(await send(connection, { id, sequence: last, count: 3 }), 0);
  assert.equal(await send(connection, { id, sequence: 0 }), 'error 45');
  assert.equal(await send(connection, { id, sequence: 1 }), 3);
});

test('a batch that arrives twice at once is stored once, also after a restart', async (t) => {
  const directory = temporaryDirectory(t);
  const hubs = [{ name: 'ledger', partitions: 1 }];
  const sendTwice = async (login: Login, position: Position) => {
    const connections = await Promise.all([1, 2].map(() => BareConnection.loggedIn(t, login)));
    return Promise.all(connections.map((connection) => send(connection, position)));
  };
  const first = await kafkaEmulator(t, hubs, { directory });
  const id = await producerId(await BareConnection.loggedIn(t, first.login));
  assert.deepEqual(await sendTwice(first.login, { id, sequence: 0 }), [0, 0]);
  assert.deepEqual(await sendTwice(first.login, { id, sequence: 3 }), [3, 3]);
  await first.stop();
  const second = await kafkaEmulator(t, hubs, { directory });
  assert.deepEqual(await sendTwice(second.login, { id, sequence: 3 }), [3, 3]);
  assert.deepEqual(await sendTwice(second.login, { id, sequence: 9 }), ['error 45', 'error 45']);
  assert.deepEqual(await sendTwice(second.login, { id, sequence: 6 }), [6, 6]);
  const reading = read(t, consumerFor(t, second.connectionString, 'ledger'));
  await until('all events are read', () => reading.events.length >= 9);
  assert.deepEqual(
    reading.events.map(bodyText),
    Array.from({ length: 9 }, (_, n) => `0/${n}`),
  );
});

test('what a killed process had not finished writing is no obstacle', async (t) => {
  const path = `${temporaryDirectory(t)}/0.producers`;
  const position = { producerId: 7n, epoch: 0, firstSequence: 0, count: 2 };
  const place = { sequenceNumber: 41, enqueuedTime: 1 };
  const states = new ProducerStates(path);
  await states.storeOnce(position, async (stored) => {
    stored(place);
    return place;
  });
  states.close();
  appendFileSync(path, '{"producerId":"7","epoch":0,"firstSeq');
  const again = new ProducerStates(path);
  afterwards(t, () => again.close());
  const known = await again.storeOnce(position, () => assert.fail('stored again'));
  assert.equal((known as { sequenceNumber: number }).sequenceNumber, 41);
});

test('a full disk costs what is remembered of a producer after a restart, and nothing else', async (t) => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const path = `${temporaryDirectory(t)}/0.producers`;
  const position = (firstSequence: number) => ({ producerId: 7n, epoch: 0, firstSequence, count: 1 });
  const keep = (states: ProducerStates, sequenceNumber: number) =>
    states.storeOnce(position(sequenceNumber), async (stored) => {
      const place = { sequenceNumber, enqueuedTime: 1 };
      stored(place);
      return place;
    });
  const states = new ProducerStates(path);
  const full = (name: 'writeSync' | 'appendFileSync') =>
    vi.spyOn(fs, name).mockImplementation(() => {
      appendFileSync(path, '{"producerId":"7"');
      throw new Error('ENOSPC: no space left on device');
    });
  const failing = [full('writeSync'), full('appendFileSync')];
  syncBuiltinESMExports();
  try {
    await keep(states, 0);
  } finally {
    for (const spy of failing) spy.mockRestore();
    syncBuiltinESMExports();
  }
  assert.equal(
    ((await states.storeOnce(position(0), () => assert.fail('stored again'))) as Stored).sequenceNumber,
    0,
  );
  await keep(states, 1);
  states.close();
  const again = new ProducerStates(path);
  afterwards(t, () => again.close());
  const known = await again.storeOnce(position(1), () => assert.fail('stored again'));
  assert.equal((known as Stored).sequenceNumber, 1, 'half a line does not spoil the next one');
});

test('transactions are refused with an error that a client does not repeat', async (t) => {
  const { login } = await kafkaEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const connection = await BareConnection.loggedIn(t, login);
  const answer = await connection.ask(API.producerId, 0, text('tx'), int32(0));
  assert.equal(answer.readInt16BE(4), 53);
  const body = produceBody('ledger', [[0, batchOf({ id: 1n, sequence: 0 })]], { transactionalId: 'tx' });
  assert.equal(produceResults(await connection.ask(API.produce, 3, body), 'ledger').get(0)!.code, 53);
});
