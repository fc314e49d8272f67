import assert from 'node:assert/strict';
import { test, vi } from 'vitest';
import { decodeValue, type Value } from '../../tools/local/emulator/amqp/decode.ts';
import {
  encodeBoolean,
  encodeDescribed,
  encodeInt,
  encodeList,
  encodeString,
  encodeUint,
  encodeUlong,
} from '../../tools/local/emulator/amqp/encode.ts';
import { MalformedAmqp } from '../../tools/local/emulator/amqp/walk.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { AmqpClient, NULL, requestMessage, signature } from './amqpClient.ts';
import { producerFor, startedEmulator, until } from './emulatorClients.ts';

// What a broken or malicious AMQP client sends costs its own connection and nothing else.

const HUB = [{ name: 'ledger', partitions: 2 }];
const READER = { address: 'ledger/ConsumerGroups/x/Partitions/0' };
/** Type codes. */
const [UINT, INT, ULONG, DOUBLE] = [0x70, 0x71, 0x80, 0x82] as const;

const AFTER = { begin: 0x11, attach: 0x12, flow: 0x13, transfer: 0x14, disposition: 0x15, detach: 0x16 };
const HUGE = encodeUlong(2n ** 40n);
const window = [encodeUint(0), encodeUint(1000), encodeUint(0), encodeUint(1000)];
const terminus = (code: number) => encodeDescribed(code, encodeList([encodeString('$cbs')]));

/** An attach of a sender to `$cbs`. */
function attachOf(handle: Buffer, initialDeliveryCount: Buffer): Buffer[] {
  const ends = [terminus(0x28), terminus(0x29), NULL, NULL];
  return [encodeString('x'), handle, encodeBoolean(false), NULL, NULL, ...ends, initialDeliveryCount];
}

/** Numbers where none of their kind belongs; the link with the handle 0 is a sender to `$cbs`. */
const BAD_NUMBERS: Readonly<Record<string, readonly [code: number, fields: Buffer[]]>> = {
  'a negative handle': [AFTER.attach, attachOf(encodeInt(-1), encodeUint(0))],
  'a delivery count above 32 bits': [AFTER.attach, attachOf(encodeUint(1), HUGE)],
  'a negative delivery id': [AFTER.transfer, [encodeUint(0), encodeInt(-7), Buffer.of(0xa0, 0)]],
  'a credit above 32 bits, with echo': [
    AFTER.flow,
    [...window, encodeUint(0), encodeUint(0), HUGE, NULL, encodeBoolean(false), encodeBoolean(true)],
  ],
  'a first delivery that is negative': [AFTER.disposition, [encodeBoolean(true), encodeInt(-1)]],
  'a last delivery above 32 bits': [AFTER.disposition, [encodeBoolean(true), encodeUint(0), HUGE]],
  'a text for a handle': [AFTER.detach, [encodeString('0')]],
};

test('a number that is no unsigned one of 32 bits costs the connection, and no other one', async (t) => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { port, connectionString } = await startedEmulator(t, HUB);
  for (const [what, [code, fields]] of Object.entries(BAD_NUMBERS)) {
    const client = await AmqpClient.opened(t, port);
    await client.attach(0, 'sender', { address: '$cbs' });
    client.send(0, code, ...fields);
    client.transfer(0, 1, requestMessage({}, 'x'));
    const close = await client.answerOf(0x18);
    assert.equal((close.fields[0] as Value[])[0], 'amqp:decode-error', what);
  }
  await producerFor(t, connectionString, 'ledger').sendBatch([{ body: 1 }]);
});

test('a client that counts ahead of its deliveries has no more credit than there are numbers', async (t) => {
  const { port } = await startedEmulator(t, HUB);
  const client = await AmqpClient.opened(t, port);
  await client.attach(0, 'receiver', { address: '$cbs' });
  const most = encodeUint(2 ** 32 - 1);
  client.send(
    ...[0, AFTER.flow, ...window, encodeUint(0), encodeUint(1000), most, NULL],
    ...[encodeBoolean(false), encodeBoolean(true)],
  );
  assert.equal((await client.answerOf(AFTER.flow)).fields[6], 2 ** 32 - 1);
});

/** Lists or arrays inside each other, each of which says that it is as long as all that follows. */
function overlapping(head: (size: number) => Buffer, depth: number): Buffer {
  const heads = Array.from({ length: depth }, () => head(200));
  return Buffer.concat([...heads, Buffer.alloc(400, 0x40)]);
}

test('values that reach beyond the list around them are refused, and not read again and again', () => {
  const kinds = {
    list: overlapping((size) => Buffer.of(0xc0, size, 2), 25),
    map: overlapping((size) => Buffer.of(0xc1, size, 2), 25),
    array: overlapping((size) => Buffer.of(0xe0, size, 2, 0xc0), 12),
  };
  for (const [kind, bytes] of Object.entries(kinds)) {
    assert.throws(() => decodeValue(bytes, 0), MalformedAmqp, kind);
  }
});

test('random damage to frames never hurts more than their own connection', async (t) => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const bugs = vi.spyOn(console, 'error');
  const seed = 20261127;
  const random = new Random(seed);
  const { port, connectionString } = await startedEmulator(t, HUB);
  const producer = producerFor(t, connectionString, 'ledger');
  await producer.sendBatch([{ body: 1 }], { partitionId: '0' });
  for (let round = 0; round < 200; round++) {
    const client = await AmqpClient.opened(t, port);
    const recorded: Buffer[] = [];
    client.socket.write = ((bytes: Buffer) => recorded.push(bytes) > 0) as typeof client.socket.write;
    void client.attach(0, 'sender', { address: '$cbs' }).catch(() => {});
    void client.attach(1, 'receiver', READER).catch(() => {});
    client.giveCredit(1, 10);
    client.transfer(0, 0, requestMessage({ operation: 'put-token' }, 'x', encodeString(signature())));
    const bad = Buffer.concat(recorded);
    for (let n = 1 + random.below(4); n > 0; n--) bad[random.below(bad.length)] = random.below(256);
    // Numbers of another type than the one that is expected are what a byte at random hardly ever makes.
    for (const [at, code] of bad.entries()) {
      if (code === UINT && random.below(4) === 0) bad[at] = [INT, ULONG, DOUBLE][random.below(3)]!;
    }
    client.socket.end(bad);
    await until('the damaged connection is closed', () => client.socket.destroyed);
  }
  await producer.sendBatch([{ body: 2 }], { partitionId: '0' });
  const { lastEnqueuedSequenceNumber } = await producer.getPartitionProperties('0');
  assert.equal(lastEnqueuedSequenceNumber, 1, `seed ${seed}`);
  assert.equal(bugs.mock.calls.length, 0, `seed ${seed}`);
});
