import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createRecordsBatch, Reader, readRecordsBatch } from '@platformatic/kafka';
import { type TestContext, test, vi } from 'vitest';
import { producerFor } from './emulatorClients.ts';
import {
  BareConnection,
  API as CLIENT_API,
  int8,
  int32,
  int64,
  kafkaEmulator,
  produceBody,
  text,
} from './kafkaClients.ts';

const API = { fetch: 1, listOffsets: 2 } as const;
const OFFSET_OUT_OF_RANGE = 1;
const UNKNOWN_TOPIC = 3;
const versions = (least: number, most: number) =>
  Array.from({ length: most - least + 1 }, (_, index) => least + index);

interface FetchOptions {
  topic?: string;
  offset?: number;
  waitMs?: number;
  maxBytes?: number;
}

/** A Fetch of partition 0 of one topic. */
function fetchBody(version: number, options: FetchOptions = {}): Buffer {
  const { topic = 'ledger', offset = 0, waitMs = 0, maxBytes = 1_000_000 } = options;
  const since = (least: number, content: Buffer) => (version >= least ? [content] : []);
  return Buffer.concat([
    ...[int32(-1), int32(waitMs), int32(1), int32(maxBytes), int8(0)],
    ...since(7, Buffer.concat([int32(0), int32(-1)])),
    ...[int32(1), text(topic), int32(1), int32(0)],
    ...since(9, int32(-1)),
    int64(offset),
    ...since(5, int64(-1)),
    int32(maxBytes),
    ...since(7, int32(0)),
    ...since(11, text('')),
  ]);
}

/** The one partition of an answer. */
function fetched(answer: Buffer, version: number, topic = 'ledger') {
  let at = 4 + (version >= 7 ? 6 : 0) + 4 + 2 + topic.length + 4 + 4;
  const code = answer.readInt16BE(at);
  const end = Number(answer.readBigInt64BE(at + 2));
  at += 2 + 16 + (version >= 5 ? 8 : 0) + 4 + (version >= 11 ? 4 : 0);
  const size = answer.readInt32BE(at);
  assert.equal(at + 4 + size, answer.length, 'nothing is left');
  const batch = size > 0 ? readRecordsBatch(Reader.from(Buffer.from(answer.subarray(at + 4)))) : undefined;
  return { code, end, batch };
}

async function filled(t: TestContext, count = 3) {
  const emulator = await kafkaEmulator(t);
  const producer = producerFor(t, emulator.connectionString, 'ledger');
  const events = Array.from({ length: count }, (_, n) => ({
    body: Buffer.from(`event ${n}`),
    properties: { text: 'ä', number: 7 },
  }));
  for (const event of events) await producer.sendBatch([event], { partitionId: '0' });
  return { emulator, producer, connection: await BareConnection.loggedIn(t, emulator.login) };
}

test('every version of Fetch reads on from an offset, also what came over AMQP', async (t) => {
  const { connection } = await filled(t);
  for (const version of versions(4, 11)) {
    const answer = await connection.ask(API.fetch, version, fetchBody(version, { offset: 1 }));
    const { code, end, batch } = fetched(answer, version);
    assert.deepEqual([code, end, batch!.firstOffset], [0, 3, 1n], `version ${version}`);
    assert.deepEqual(
      batch!.records.map(({ value }) => value?.toString()),
      ['event 1', 'event 2'],
    );
    const headers = batch!.records[0]!.headers.map(([name, value]) => [name!.toString(), value]);
    assert.deepEqual(headers[0], ['text', Buffer.from('ä')]);
    assert.equal(headers[1]![0], 'number');
  }
});

test('at least one event comes, however small the limit, and no more than fits', async (t) => {
  const { connection } = await filled(t);
  const { batch } = fetched(await connection.ask(API.fetch, 4, fetchBody(4, { maxBytes: 10 })), 4);
  assert.equal(batch!.records.length, 1);
});

test('a Fetch at the end waits for the next event, and is answered with it', async (t) => {
  const { connection, producer } = await filled(t);
  const waiting = connection.ask(API.fetch, 11, fetchBody(11, { offset: 3, waitMs: 60_000 }));
  await producer.sendBatch([{ body: Buffer.from('new') }], { partitionId: '0' });
  const { batch } = fetched(await waiting, 11);
  assert.deepEqual([batch!.firstOffset, batch!.records[0]!.value?.toString()], [3n, 'new']);
});

test('a Fetch that is refused waits as long as the request allows, and one with a wrong offset does not', async (t) => {
  const { connection } = await filled(t);
  const before = performance.now();
  const unknown = await connection.ask(API.fetch, 4, fetchBody(4, { topic: 'nobody', waitMs: 300 }));
  assert.equal(fetched(unknown, 4, 'nobody').code, UNKNOWN_TOPIC);
  assert.ok(performance.now() - before >= 290, 'a client that is told at once asks again at once');
  for (const offset of [4, -1]) {
    const answer = await connection.ask(API.fetch, 4, fetchBody(4, { offset, waitMs: 60_000 }));
    assert.equal(fetched(answer, 4).code, OFFSET_OUT_OF_RANGE);
  }
});

test('an emulator that is stopped lets go of a client that waits', async (t) => {
  const { connection, emulator, producer } = await filled(t);
  // Without a broker it would try to say goodbye for minutes.
  await producer.close();
  const answer = connection.ask(API.fetch, 4, fetchBody(4, { offset: 3, waitMs: 25_000 }));
  const ended = assert.rejects(answer, /closed without an answer|ECONNRESET/);
  const stopped = emulator.stop().then(() => 'stopped');
  assert.equal(await Promise.race([stopped, delay(20_000, 'it waits', { ref: false })]), 'stopped');
  await ended;
});

test('what retention has taken is out of range, and the beginning is after it', async (t) => {
  const { connection, emulator } = await filled(t);
  emulator.expire('ledger', 0, 2);
  assert.equal(fetched(await connection.ask(API.fetch, 4, fetchBody(4)), 4).code, OFFSET_OUT_OF_RANGE);
  assert.equal(await listed(connection, 1, -2), 2);
});

test('every version of ListOffsets tells beginning, end and the first event after a time', async (t) => {
  const { connection, producer } = await filled(t);
  const { lastEnqueuedOnUtc } = await producer.getPartitionProperties('0');
  for (const version of versions(1, 5)) {
    assert.equal(await listed(connection, version, -2), 0);
    assert.equal(await listed(connection, version, -1), 3);
    assert.equal(await listed(connection, version, 0), 0);
    assert.equal(await listed(connection, version, lastEnqueuedOnUtc.getTime() + 1), -1);
  }
});

async function listed(connection: BareConnection, version: number, time: number): Promise<number> {
  const since = (least: number, content: Buffer) => (version >= least ? [content] : []);
  const answer = await connection.ask(
    ...[API.listOffsets, version, int32(-1)],
    ...since(2, int8(0)),
    ...[int32(1), text('ledger'), int32(1), int32(0)],
    ...since(4, int32(-1)),
    int64(time),
  );
  const at = (version >= 2 ? 4 : 0) + 4 + 8 + 4 + 4;
  assert.equal(answer.readInt16BE(at), 0);
  return Number(answer.readBigInt64BE(at + 2 + 8));
}

test('a value that is no data, and keys of both kinds, are shown', async (t) => {
  const { connection, producer } = await filled(t, 0);
  await producer.sendBatch([{ body: 'a value', bodyType: 'value' }], { partitionId: '0' });
  await producer.sendBatch([{ body: ['a', 1], bodyType: 'sequence' }], { partitionId: '0' });
  const kafkaKey = { 'x-opt-kafka-key': Buffer.from('kafka') };
  await producer.sendBatch([{ body: Buffer.alloc(0), bodyType: 'data', messageAnnotations: kafkaKey }], {
    partitionId: '0',
  });
  const { batch } = fetched(await connection.ask(API.fetch, 4, fetchBody(4)), 4);
  const [value, sequence, keyed] = batch!.records;
  assert.equal(value!.value?.toString(), 'a value');
  assert.equal(value!.key, null);
  assert.ok(sequence!.value?.includes('a'));
  assert.equal(keyed!.key?.toString(), 'kafka');
  assert.equal(keyed!.value?.length, 0);
});

test('events that lie weeks apart come in batches of their own, with their times', async (t) => {
  const { login } = await kafkaEmulator(t);
  const connection = await BareConnection.loggedIn(t, login);
  const times = [0, 2 ** 31 - 1, 2 ** 31, 2 ** 32].map((later) => 1_790_000_000_000 + later);
  const value = Buffer.from('x');
  const records = Buffer.from(createRecordsBatch([{ topic: 'ledger', value }]).buffer);
  vi.useFakeTimers({ toFake: ['Date'] });
  t.onTestFinished(() => {
    vi.useRealTimers();
  });
  for (const time of times) {
    vi.setSystemTime(time);
    await connection.ask(CLIENT_API.produce, 3, produceBody('ledger', [[0, records]]));
  }
  const read: number[] = [];
  while (read.length < times.length) {
    const { batch } = fetched(await connection.ask(API.fetch, 4, fetchBody(4, { offset: read.length })), 4);
    const begin = batch!.firstTimestamp;
    read.push(...batch!.records.map(({ timestampDelta }) => Number(begin + timestampDelta)));
  }
  assert.deepEqual(read, times);
});
