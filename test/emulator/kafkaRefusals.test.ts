import assert from 'node:assert/strict';
import { compressionsAlgorithms, crc32c, createRecordsBatch } from '@platformatic/kafka';
import { type TestContext, test, vi } from 'vitest';
import { consumerFor, read, until } from './emulatorClients.ts';
import {
  API,
  BareConnection,
  bytes,
  frame,
  int8,
  int16,
  int32,
  int64,
  kafkaEmulator,
  type Login,
  produceBody,
  produceResults,
  request,
  text,
} from './kafkaClients.ts';

// What a client reads when something is refused, and what stands in the emulator's log then.

const FIND_COORDINATOR = 10;
const GROUP_REFUSED = 30;
const TRANSACTION_REFUSED = 53;
const UNSUPPORTED_COMPRESSION = 76;

function logOf(): () => string {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  return () => warn.mock.calls.map(([line]) => String(line)).join('\n');
}

function batchOf(value: Buffer, compression?: 'gzip' | 'lz4' | 'snappy' | 'zstd'): Buffer {
  const messages = [{ topic: 'ledger', partition: 0, value }];
  return Buffer.from(createRecordsBatch(messages, compression ? { compression } : {}).buffer);
}

/** The service's limits, as they are without a setting. */
const withLimits = (t: TestContext) => kafkaEmulator(t, undefined, { kafkaLimits: 'service' });

test('what ends a connection stands in the log with what to do about it', async (t) => {
  const log = logOf();
  const { login } = await withLimits(t);
  const cases: [Buffer, RegExp][] = [
    [
      Buffer.from('160301020001000001fc0303', 'hex'),
      /a client speaks TLS: set security\.protocol=SASL_PLAINTEXT/,
    ],
    [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /a client does not speak Kafka/],
    [
      frame(request(API.metadata, 1, 1, int32(-1))),
      /the login is missing: set security\.protocol=SASL_PLAINTEXT and sasl\.mechanism=PLAIN, or OAUTHBEARER/,
    ],
    [frame(request(API.metadata, 0, 1, int32(-1))), /Metadata of version 0 is not served here, but 1 to 9/],
    [frame(request(999, 0, 1)), /request 999 \(unknown to Kafka\) is not served here/],
    [frame(request(23, 0, 1)), /request 23 \(OffsetForLeaderEpoch\) is not served here/],
  ];
  for (const [content, line] of cases) {
    const connection = await BareConnection.open(t, login.port);
    connection.socket.write(content);
    await connection.closed;
    await until(`the log says ${line}`, () => line.test(log()));
  }
  const large = await BareConnection.loggedIn(t, login);
  large.socket.write(int32(1_046_529));
  await large.closed;
  await until('the log names the setting', () =>
    /at most 1046528 are taken: set max\.request\.size/.test(log()),
  );
});

test('a failed login stands in the log, without the password', async (t) => {
  const log = logOf();
  const { login, connectionString } = await withLimits(t);
  const password = connectionString.replace('SAS_KEY_VALUE', 'secret-of-somebody');
  await assert.rejects(BareConnection.loggedIn(t, { ...login, password }), /failed with 58/);
  await until('it is there', () => /the login failed: The key of the connection string/.test(log()));
  assert.doesNotMatch(log(), /secret-of-somebody/);
});

test('a client that was only cut off is no line in the log', async (t) => {
  const log = logOf();
  const { login } = await withLimits(t);
  const connection = await BareConnection.loggedIn(t, login);
  connection.socket.write(int32(1000));
  connection.socket.resetAndDestroy();
  await connection.closed;
  await (await BareConnection.loggedIn(t, login)).ask(API.versions, 0);
  assert.equal(log(), '');
});

test('without a setting gzip is taken and the other codecs are refused, as at the service', async (t) => {
  const log = logOf();
  const { login, connectionString } = await withLimits(t);
  const connection = await BareConnection.loggedIn(t, login);
  const send = async (batch: Buffer) => {
    const answer = await connection.ask(API.produce, 7, produceBody('ledger', [[0, batch]]));
    return answer.readInt16BE(4 + 2 + 'ledger'.length + 4 + 4);
  };
  assert.equal(await send(batchOf(Buffer.alloc(1000))), 0);
  assert.equal(await send(batchOf(Buffer.alloc(1000), 'gzip')), 0);
  for (const codec of ['snappy', 'lz4', 'zstd'] as const) {
    assert.ok(compressionsAlgorithms[codec]);
    const batch = batchOf(Buffer.alloc(1000), codec);
    for (let n = 0; n < 2; n++) assert.equal(await send(batch), UNSUPPORTED_COMPRESSION);
    // What is refused is not expanded: nobody notices that it cannot be.
    batch.fill(0xff, 61);
    batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
    assert.equal(await send(batch), UNSUPPORTED_COMPRESSION);
  }
  assert.match(log(), /LOCAL_KAFKA_LIMITS=none/);
  assert.equal(log().split('\n').length, 1, 'what is refused again and again stands there once');
  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('both are read', () => reading.events.length === 2);
  // A codec that is not announced is not even tried by librdkafka.
  const versions = await connection.ask(API.versions, 0);
  assert.ok(versions.includes(Buffer.concat([int16(1), int16(4), int16(6)])), 'Fetch 4 to 6');
});

test('a transactional producer reads why, and so does a group', async (t) => {
  const log = logOf();
  const { login } = await withLimits(t);
  const connection = await BareConnection.loggedIn(t, login);
  const transaction = await connection.ask(FIND_COORDINATOR, 1, text('tx'), int8(1));
  assert.equal(transaction.readInt16BE(4), TRANSACTION_REFUSED);
  assert.match(transaction.toString(), /leave out the transactional id/);
  const group = await connection.ask(FIND_COORDINATOR, 0, text('group'));
  assert.equal(group.readInt16BE(0), 0, 'consumers with assigned partitions ask for it too');

  const join = (version: number) =>
    connection.ask(
      11,
      version,
      text('group'),
      int32(10_000),
      int32(10_000),
      text(''),
      text('consumer'),
      int32(0),
    );
  assert.equal((await join(1)).readInt16BE(0), GROUP_REFUSED);
  assert.equal((await join(2)).readInt16BE(4), GROUP_REFUSED);
  const member = [text('group'), int32(1), text('me')];
  assert.equal((await connection.ask(14, 0, ...member, int32(0))).readInt16BE(0), GROUP_REFUSED);
  assert.equal((await connection.ask(12, 1, ...member)).readInt16BE(4), GROUP_REFUSED);
  assert.equal((await connection.ask(13, 0, text('group'), text('me'))).readInt16BE(0), GROUP_REFUSED);
  const offset = [int32(1), text('ledger'), int32(1), int32(0), int64(5)];
  const commit = await connection.ask(8, 2, ...member, int64(-1), ...offset, int16(-1));
  assert.equal(commit.readInt16BE(4 + 2 + 6 + 4 + 4), GROUP_REFUSED);
  const fetched = await connection.ask(9, 1, text('group'), int32(1), text('ledger'), int32(1), int32(0));
  assert.equal(fetched.readBigInt64BE(4 + 2 + 6 + 4 + 4), -1n);
  assert.match(log(), /leave out the transactional id/);
  assert.match(log(), /assign partitions to the consumer, or read over AMQP/);
});

/** Logs in as clients did before Kafka 1.0: the token in a frame of its own. */
async function bareLogin(t: TestContext, { port, password }: Login): Promise<BareConnection> {
  const connection = await BareConnection.open(t, port);
  assert.equal((await connection.ask(API.handshake, 0, text('PLAIN'))).readInt16BE(0), 0);
  connection.socket.write(bytes(`\0$ConnectionString\0${password}`));
  return connection;
}

test('a client from before Kafka 1.0 logs in and publishes', async (t) => {
  logOf();
  const { login, connectionString } = await withLimits(t);
  const connection = await bareLogin(t, login);
  assert.equal((await connection.answer()).length, 0, 'an empty answer');
  const answer = await connection.ask(
    API.produce,
    3,
    produceBody('ledger', [[0, batchOf(Buffer.from('old'))]]),
  );
  assert.equal(produceResults(answer, 'ledger').get(0)!.code, 0);
  const wrong = await bareLogin(t, { ...login, password: connectionString.replace('SAS_KEY', 'other') });
  await wrong.closed;
});

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (claims: object) => `${encoded({ alg: 'RS256' })}.${encoded(claims)}.signature`;

/** Logs in with a token; returns the error code of the answer and what it says about the login's end. */
async function tokenLogin(t: TestContext, { port }: Login, token: string) {
  const connection = await BareConnection.open(t, port);
  assert.equal((await connection.ask(API.handshake, 1, text('OAUTHBEARER'))).readInt16BE(0), 0);
  const answer = await connection.ask(
    API.authenticate,
    1,
    bytes(`n,,\u0001auth=Bearer ${token}\u0001\u0001`),
  );
  const code = answer.readInt16BE(0);
  return { connection, code, lifetimeMs: code === 0 ? Number(answer.readBigInt64BE(answer.length - 8)) : 0 };
}

test('a well-formed token of any issuer lets in until it expires; others do not', async (t) => {
  const log = logOf();
  const { login } = await withLimits(t);
  const now = Math.floor(Date.now() / 1000);
  const good = { iss: 'https://issuer.test', exp: now + 600, sub: 'tester' };
  const { connection, code, lifetimeMs } = await tokenLogin(t, login, tokenOf(good));
  assert.equal(code, 0);
  assert.ok(lifetimeMs > 500_000 && lifetimeMs <= 600_000);
  for (const exp of [now + 600.5, 1e300]) {
    assert.equal((await tokenLogin(t, login, tokenOf({ ...good, exp }))).code, 0, `an expiry of ${exp}`);
  }
  const answer = await connection.ask(
    API.produce,
    3,
    produceBody('ledger', [[0, batchOf(Buffer.from('x'))]]),
  );
  assert.equal(produceResults(answer, 'ledger').get(0)!.code, 0);
  const refused: [string, RegExp][] = [
    [tokenOf({ ...good, exp: now - 1 }), /expired/],
    [tokenOf({ ...good, nbf: now + 100 }), /not valid yet/],
    [tokenOf({ ...good, iss: undefined }), /no issuer/],
    [tokenOf({ ...good, exp: undefined }), /no expiry/],
    ['opaque', /no JSON Web Token/],
    [`${encoded({ alg: 'RS256' })}.not-json.signature`, /no JSON Web Token/],
    ['', /no JSON Web Token/],
  ];
  for (const [token, line] of refused) {
    assert.equal((await tokenLogin(t, login, token)).code, 58);
    assert.match(log(), line);
  }
});
