import assert from 'node:assert/strict';
import { once } from 'node:events';
import { compressionsAlgorithms, crc32c, createRecordsBatch } from '@platformatic/kafka';
import { test, vi } from 'vitest';
import { RequestReader } from '../../tools/local/emulator/kafka/wire.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { consumerFor, read, until } from './emulatorClients.ts';
import {
  API,
  BareConnection,
  bytes,
  frame,
  int16,
  int32,
  kafkaEmulator,
  produceBody,
  produceResults,
  request,
  text,
} from './kafkaClients.ts';

// What is refused is in the log, once for each connection; here there are hundreds.
vi.spyOn(console, 'warn').mockImplementation(() => {});

const HUB = [{ name: 'ledger', partitions: 4 }];
const AT = { length: 8, magic: 16, crc: 17, attributes: 21, lastOffset: 23, count: 57, records: 61 };

function goodBatch(...values: string[]): Buffer {
  const messages = values.map((value) => ({ topic: 'ledger', partition: 0, value: Buffer.from(value) }));
  return Buffer.from(createRecordsBatch(messages).buffer);
}

/** A batch that was changed by somebody who knows how: its length and its checksum are right. */
function forged(change: (batch: Buffer) => unknown): Buffer {
  const good = goodBatch('a', 'b');
  const other = change(good);
  const batch = Buffer.isBuffer(other) ? other : good;
  batch.writeInt32BE(batch.length - 12, AT.length);
  batch.writeUInt32BE(crc32c(batch.subarray(AT.attributes)), AT.crc);
  return batch;
}

/** The same with these bytes in place of the records, said to be compressed with this codec. */
const withRecords = (records: Buffer, codec = 0) =>
  forged((batch) => {
    batch.writeInt16BE(codec, AT.attributes);
    return Buffer.concat([batch.subarray(0, AT.records), records]);
  });

const CODEC = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

const OLD_REQUEST = 'zstd in an old request';
const BAD_BATCHES: Readonly<Record<string, readonly [batch: Buffer, code: number]>> = {
  nothing: [Buffer.alloc(0), 2],
  'a part of a header': [goodBatch('x').subarray(0, 30), 2],
  'a cut batch': [goodBatch('x').subarray(0, -1), 2],
  'a batch that says it is longer': [Buffer.concat([goodBatch('x'), Buffer.alloc(1)]), 87],
  'two batches': [Buffer.concat([goodBatch('x'), goodBatch('y')]), 87],
  'a negative length': [changed(goodBatch('x'), (b) => b.writeInt32BE(-13, AT.length)), 2],
  'an old format': [changed(goodBatch('x'), (b) => b.writeInt8(1, AT.magic)), 87],
  'a flipped bit': [changed(goodBatch('x'), (b) => b.writeInt8(b.at(-1)! ^ 1, b.length - 1)), 2],
  'a transactional batch': [forged((b) => b.writeInt16BE(0x10, AT.attributes)), 48],
  'a control batch': [forged((b) => b.writeInt16BE(0x20, AT.attributes)), 87],
  'an unknown codec': [forged((b) => b.writeInt16BE(7, AT.attributes)), 76],
  [OLD_REQUEST]: [
    withRecords(
      compressionsAlgorithms.zstd.compressSync(goodBatch('a', 'b').subarray(AT.records)),
      CODEC.zstd,
    ),
    76,
  ],
  'no records': [forged((b) => b.writeInt32BE(0, AT.count)), 87],
  'fewer records than it says': [countedAs(3), 87],
  'more records than it says': [countedAs(1), 87],
  'as many records as there are numbers': [countedAs(2 ** 31 - 1), 87],
  'lengths that lead back': [withRecords(Buffer.from([0x10, 0, 0, 0, 0x7f, 0x7f, 0x7f, 0x7f])), 87],
  'more headers than bytes': [
    withRecords(Buffer.from([0x12, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x12, 0, 0, 2, 1, 1, 0])),
    87,
  ],
  'gzip that is none': [withRecords(Buffer.from('garbage'), CODEC.gzip), 2],
  'snappy that is none': [withRecords(Buffer.from('garbage garbage'), CODEC.snappy), 2],
  'lz4 that is none': [withRecords(Buffer.from('garbage garbage'), CODEC.lz4), 2],
  'zstd that is none': [withRecords(Buffer.from('garbage'), CODEC.zstd), 2],
  'gzip of a gigabyte': [withRecords(bomb('gzip'), CODEC.gzip), 10],
  'lz4 of a gigabyte': [withRecords(bomb('lz4'), CODEC.lz4), 10],
  // A number of five bytes, and nothing behind it; then the same in a chunk.
  'snappy of a gigabyte': [withRecords(Buffer.from('8080808004', 'hex'), CODEC.snappy), 10],
  'snappy of a gigabyte, as Java writes it': [
    withRecords(
      Buffer.from('82534e415050590000000001000000010000000580808080040000000100', 'hex'),
      CODEC.snappy,
    ),
    10,
  ],
  'a number without an end': [
    withRecords(Buffer.concat([Buffer.from([0x10, 0]), Buffer.alloc(200_000, 0x80)])),
    87,
  ],
  'zstd of a gigabyte': [withRecords(bomb('zstd'), CODEC.zstd), 10],
};

function changed(batch: Buffer, change: (batch: Buffer) => unknown): Buffer {
  change(batch);
  return batch;
}

/** Two records, said to be so many. */
function countedAs(count: number): Buffer {
  return forged((batch) => {
    batch.writeInt32BE(count, AT.count);
    batch.writeInt32BE(count - 1, AT.lastOffset);
  });
}

/** Zeros that are small as long as they are compressed. */
function bomb(codec: 'gzip' | 'lz4' | 'zstd'): Buffer {
  return compressionsAlgorithms[codec].compressSync(Buffer.alloc(codec === 'lz4' ? 60_000_000 : 200_000_000));
}

test('what is wrong with a batch has its error, and the other partitions of the request are stored', async (t) => {
  const { login, connectionString } = await kafkaEmulator(t, HUB);
  const connection = await BareConnection.loggedIn(t, login);
  let stored = 0;
  for (const [what, [batch, code]] of Object.entries(BAD_BATCHES)) {
    const body = produceBody('ledger', [
      [0, goodBatch('good')],
      [1, batch],
      [3, goodBatch('good', 'good')],
      [4, goodBatch('no such partition')],
    ]);
    const version = what === OLD_REQUEST ? 3 : 7;
    const results = produceResults(await connection.ask(API.produce, version, body), 'ledger', version);
    assert.deepEqual(
      Object.fromEntries(results),
      {
        0: { code: 0, offset: stored },
        1: { code, offset: -1 },
        3: { code: 0, offset: 2 * stored },
        4: { code: 3, offset: -1 },
      },
      what,
    );
    stored++;
  }
  const large = produceBody('ledger', [[1, Buffer.concat([goodBatch('x'), Buffer.alloc(1024 * 1024)])]]);
  assert.equal(produceResults(await connection.ask(API.produce, 3, large), 'ledger').get(1)!.code, 10);
  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('all good events are read', () => reading.events.length === 3 * stored);
});

test('other requests that cannot be done have their errors', async (t) => {
  const { login } = await kafkaEmulator(t, HUB);
  const connection = await BareConnection.loggedIn(t, login);
  const acks = produceBody('ledger', [[0, goodBatch('x')]], { acks: 2 });
  assert.equal(produceResults(await connection.ask(API.produce, 3, acks), 'ledger').get(0)!.code, 21);
  const versions = await connection.ask(API.versions, 99);
  assert.equal(versions.readInt16BE(0), 35);
  assert.equal(versions.readInt32BE(2), 15, 'the requests that are known follow');

  const eager = await BareConnection.open(t, login.port);
  assert.equal((await eager.ask(API.authenticate, 0, bytes('\0a\0b'))).readInt16BE(0), 34);
  await eager.closed;
  const other = await BareConnection.open(t, login.port);
  assert.equal((await other.ask(API.handshake, 1, text('SCRAM-SHA-256'))).readInt16BE(0), 33);
  await other.closed;
});

test('a producer that wants no answers learns of a failure by the end of its connection', async (t) => {
  const { login } = await kafkaEmulator(t, HUB);
  const connection = await BareConnection.loggedIn(t, login);
  connection.socket.write(
    frame(request(API.produce, 3, 1, produceBody('nobody', [[0, goodBatch('x')]], { acks: 0 }))),
  );
  await connection.closed;
});

test('what is no request ends its connection, and no other one', async (t) => {
  const { login, connectionString } = await kafkaEmulator(t, HUB);
  const witness = await BareConnection.loggedIn(t, login);
  const before: Buffer[] = [
    Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
    int32(-1),
    int32(2 ** 31 - 1),
    int32(64 * 1024 + 1),
    frame(Buffer.alloc(0)),
    frame(Buffer.from([0, 3])),
    frame(request(API.produce, 3, 1, produceBody('ledger', [[0, goodBatch('not logged in')]]))),
    frame(request(API.handshake, 2, 1, text('PLAIN'))),
    frame(request(999, 0, 1)),
    Buffer.from('160301020001000001fc0303', 'hex'), // a client that wants TLS
  ];
  for (const content of before) {
    const connection = await BareConnection.open(t, login.port);
    connection.socket.write(content);
    await connection.closed;
  }
  const afterLogin: Buffer[] = [
    int32(4 * 1024 * 1024 + 1),
    frame(request(API.produce, 2, 1, produceBody('ledger', [[0, goodBatch('an old version')]]))),
    frame(request(API.produce, 3, 1, int16(-1), int16(-1), int32(0), int32(2 ** 31 - 1))),
    frame(request(API.produce, 3, 1, int16(-1), int16(-1), int32(0), int32(1), int16(-5))),
    frame(request(API.metadata, 1, 1, int32(1000), int16(-2))),
    frame(request(API.produce, 9, 1, Buffer.alloc(9, 0xff))),
  ];
  for (const content of afterLogin) {
    const connection = await BareConnection.loggedIn(t, login);
    connection.socket.write(content);
    await connection.closed;
  }
  // Half a request is nothing: its client may go.
  const half = await BareConnection.loggedIn(t, login);
  half.socket.write(
    frame(request(API.produce, 3, 1, produceBody('ledger', [[0, goodBatch('half')]]))).subarray(0, 40),
  );
  half.socket.destroy();
  const whole = produceBody('ledger', [[0, goodBatch('still here')]]);
  assert.equal(produceResults(await witness.ask(API.produce, 3, whole), 'ledger').get(0)!.code, 0);
  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('the one good event is read', () => reading.events.length === 1);
});

test('requests in pieces and requests in one piece are the same', async (t) => {
  const { login } = await kafkaEmulator(t, HUB);
  const connection = await BareConnection.loggedIn(t, login);
  const body = produceBody('ledger', [[0, goodBatch('x')]]);
  const three = Buffer.concat([7, 8, 9].map((id) => frame(request(API.produce, 3, id, body))));
  connection.socket.write(three);
  for (const id of [7, 8, 9]) assert.equal((await connection.answer()).readInt32BE(0), id);
  for (const byte of three) {
    if (!connection.socket.write(Buffer.of(byte))) await once(connection.socket, 'drain');
  }
  for (const id of [7, 8, 9]) assert.equal((await connection.answer()).readInt32BE(0), id);
});

test('random damage to requests never hurts more than their own connection', async (t) => {
  const seed = 20261122;
  const random = new Random(seed);
  const { login } = await kafkaEmulator(t, HUB);
  const witness = await BareConnection.loggedIn(t, login);
  const good = frame(request(API.produce, 3, 1, produceBody('ledger', [[0, goodBatch('a', 'b', 'c')]])));
  for (let round = 0; round < 300; round++) {
    const bad = Buffer.from(good);
    for (let n = 1 + random.below(4); n > 0; n--) bad[4 + random.below(bad.length - 4)] = random.below(256);
    const connection = await BareConnection.loggedIn(t, login);
    connection.socket.end(bad);
    await connection.closed;
  }
  const answer = await witness.ask(API.versions, 0);
  assert.equal(answer.readInt16BE(0), 0, `seed ${seed}`);
});

test('a client that sends garbage again and again takes no memory', async (t) => {
  const { login } = await kafkaEmulator(t, HUB);
  const connection = await BareConnection.loggedIn(t, login);
  const bad = [
    BAD_BATCHES['lz4 of a gigabyte'],
    BAD_BATCHES['gzip of a gigabyte'],
    BAD_BATCHES['snappy that is none'],
  ];
  const round = async () => {
    for (const [batch] of bad as [Buffer, number][]) {
      await connection.ask(API.produce, 3, produceBody('ledger', [[0, batch]]));
    }
  };
  for (let n = 0; n < 20; n++) await round();
  const before = process.memoryUsage().rss;
  for (let n = 0; n < 200; n++) await round();
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 200_000_000, `${grown} bytes more`);
});

test('the reader takes no more bytes for a number than it has', () => {
  const reader = (size: number) => new RequestReader(Buffer.concat([Buffer.alloc(size, 0x80), Buffer.of(0)]));
  for (const read of [
    (r: RequestReader) => r.peekVarInt(),
    (r: RequestReader) => r.readVarInt(),
    (r: RequestReader) => r.readUnsignedVarInt(),
  ]) {
    assert.equal(read(reader(4)), 0);
    assert.throws(() => read(reader(5)), /more than 5 bytes/);
  }
  assert.equal(reader(9).readVarInt64(), 0n);
  assert.throws(() => reader(10).readVarInt64(), /more than 10 bytes/);
});

test('the reader never goes back, and never past the end', () => {
  const reader = new RequestReader(Buffer.from([0xff, 0xf0, 1, 2]));
  assert.throws(() => reader.readString(false), /does not fit/);
  assert.throws(() => reader.skip(-1), /does not fit/);
  assert.throws(() => reader.skip(100), /does not fit/);
  assert.throws(() => reader.skip(Number.NaN), /does not fit/);
});
