import assert from 'node:assert/strict';
import { type TestContext, test, vi } from 'vitest';
import {
  encodeBinarySection,
  encodeBoolean,
  encodeDescribed,
  encodeInt,
  encodeList,
  encodeMap,
  encodeMapSection,
  encodeString,
  encodeSymbol,
  encodeUbyte,
  encodeUint,
} from '../../tools/local/emulator/amqp/encode.ts';
import { protocolHeader } from '../../tools/local/emulator/amqp/frames.ts';
import { AmqpClient, NULL, requestMessage, sectionsOf, signature, statusOf } from './amqpClient.ts';
import { consumerFor, producerFor, read, startedEmulator, until } from './emulatorClients.ts';

// What the clients of other languages rely on, said in AMQP itself: the names of the frames are those of the standard.

const HUB = [{ name: 'ledger', partitions: 2 }];
const READER = { address: 'ledger/ConsumerGroups/x/Partitions/0' };
const BODY = encodeBinarySection(0x75, Buffer.from('{}'));

/** A client that may do everything. */
async function authorized(t: TestContext): Promise<{ client: AmqpClient; connectionString: string }> {
  const { port, connectionString } = await startedEmulator(t, HUB);
  const client = await AmqpClient.opened(t, port);
  assert.equal(await client.putToken(), 202);
  return { client, connectionString };
}

test('each of the two mechanisms lets in, another one does not, and the login can be left out', async (t) => {
  const report = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { port } = await startedEmulator(t, HUB);
  for (const mechanism of ['MSSBCBS', 'ANONYMOUS']) await AmqpClient.opened(t, port, mechanism);
  const other = await AmqpClient.connect(t, port);
  other.socket.write(protocolHeader(3));
  await other.header();
  assert.deepEqual((await other.answer()).fields, [['MSSBCBS', 'ANONYMOUS']]);
  other.send(1, 0x41, encodeSymbol('EXTERNAL'));
  assert.equal((await other.answer()).fields[0], 1);
  await until('the connection is closed', () => other.socket.destroyed);
  assert.match(String(report.mock.calls[0]![0]), /EXTERNAL is none of MSSBCBS, ANONYMOUS/);

  const bare = await AmqpClient.connect(t, port);
  bare.socket.write(protocolHeader(0));
  assert.equal(await bare.header(), 0);
});

test('every performative carries all fields of its list', async (t) => {
  const { client, connectionString } = await authorized(t);
  await producerFor(t, connectionString, 'ledger').sendBatch([{ body: 1 }], { partitionId: '0' });
  const { port } = await startedEmulator(t, HUB);
  const fresh = await AmqpClient.connect(t, port);
  fresh.socket.write(protocolHeader(0));
  await fresh.header();
  fresh.send(0, 0x10, encodeString('me'));
  const open = await fresh.answer();
  assert.equal(open.fields.length, 10);
  assert.deepEqual(open.fields.slice(2, 5), [65_536, 4_999, 60_000]);
  fresh.send(0, 0x11, NULL, encodeUint(0), encodeUint(1), encodeUint(1));
  assert.equal((await fresh.answer()).fields.length, 8);

  const attach = await client.attach(0, 'receiver', READER);
  assert.equal(attach.fields.length, 14);
  assert.deepEqual(attach.fields[13], new Map(), 'properties that a client may look into');
  client.giveCredit(0, 1);
  assert.equal((await client.answerOf(0x14)).fields.length, 11);
  assert.equal((await client.attach(1, 'sender', { address: 'ledger' })).fields.length, 14);
  assert.equal((await client.answerOf(0x13)).fields.length, 11);
  client.transfer(1, 0, BODY);
  assert.equal((await client.answerOf(0x15)).fields.length, 6);
  client.send(0, 0x16, encodeUint(1), encodeBoolean(true));
  assert.deepEqual((await client.answerOf(0x16)).fields, [1, true, null]);
  client.send(0, 0x17);
  assert.deepEqual((await client.answerOf(0x17)).fields, [null]);
  client.send(0, 0x18);
  assert.deepEqual((await client.answerOf(0x18)).fields, [null]);
  await until('the connection is closed', () => client.socket.destroyed);
});

test('a refused link is attached without its terminus, and then detached with the reason', async (t) => {
  const { client } = await authorized(t);
  const [SOURCE, TARGET] = [5, 6];
  const cases = [
    ['receiver', 'nobody/ConsumerGroups/x/Partitions/0', SOURCE, TARGET, 'amqp:not-found'],
    [
      'receiver',
      'ledger/ConsumerGroups/x/Partitions/9',
      SOURCE,
      TARGET,
      'com.microsoft:argument-out-of-range',
    ],
    ['sender', 'nobody', TARGET, SOURCE, 'amqp:not-found'],
  ] as const;
  for (const [role, address, missing, kept, condition] of cases) {
    const attach = await client.attach(0, role, { address });
    assert.equal(attach.fields[missing], null);
    assert.notEqual(attach.fields[kept], null);
    const detach = await client.answer();
    assert.equal(detach.code, 0x16);
    assert.deepEqual([detach.fields[0], detach.fields[1]], [0, true]);
    assert.deepEqual((detach.fields[2] as unknown[])[0], condition);
    client.send(0, 0x16, encodeUint(0), encodeBoolean(true));
  }
  // The handle is free again.
  const attach = await client.attach(0, 'sender', { address: 'ledger' });
  assert.deepEqual((attach.fields[TARGET] as unknown[])[0], 'ledger');
});

test('links, messages and requests that are refused stand in the log with the reason, each once', async (t) => {
  const report = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { client } = await authorized(t);
  for (let n = 0; n < 2; n++) {
    await client.attach(0, 'sender', { address: 'nobody' });
    client.send(0, 0x16, encodeUint(0), encodeBoolean(true));
  }
  await client.attach(1, 'sender', { address: 'ledger' });
  client.transfer(1, 1, Buffer.from('secret'), { settled: true });
  client.transfer(1, 2, Buffer.from('secret'));
  await client.answerOf(0x15);
  client.transfer(1, 3, Buffer.alloc(0), { format: 7 });
  await client.answerOf(0x15);
  for (let n = 0; n < 2; n++) {
    const stranger = await AmqpClient.opened(t, client.socket.remotePort!);
    assert.equal(await stranger.putToken(signature({ key: 'other' })), 401);
  }
  assert.deepEqual(
    report.mock.calls.map(([line]) => String(line).replace('Event Hubs emulator: ', '')),
    [
      "a link was refused: The messaging entity 'sb://127.0.0.1/nobody' could not be found.",
      "a message to 'ledger' was refused: Not a valid message: no message section at byte 0.",
      "a message to 'ledger' was refused: Messages have the format 0, or 0x80013700 of Event Hubs, and not 0x7.",
      "a request to '$cbs' was refused: The token has an invalid signature.",
    ],
  );
});

test('a request may bring its own token, and the status is an int', async (t) => {
  const { port } = await startedEmulator(t, HUB);
  const client = await AmqpClient.opened(t, port);
  await client.attach(0, 'receiver', { address: '$management', target: 'mine' });
  await client.attach(1, 'sender', { address: '$management' });
  client.giveCredit(0, 10);
  const ask = async (properties: Record<string, string>) => {
    const request = { operation: 'READ', name: 'ledger', type: 'com.microsoft:eventhub', ...properties };
    client.transfer(1, 0, requestMessage(request, 'mine'), { settled: true });
    return client.answerOf(0x14);
  };
  assert.equal(statusOf(await ask({})), 401);
  assert.equal(statusOf(await ask({ security_token: signature({ key: 'other' }) })), 401);
  assert.equal(statusOf(await ask({ security_token: signature({ seconds: -10 }) })), 401);
  const answer = await ask({ security_token: signature() });
  assert.equal(statusOf(answer), 200);
  // `status-code`, then a type code of its own for a 32-bit int.
  const name = Buffer.concat([Buffer.of(0xa1, 11), Buffer.from('status-code'), Buffer.of(0x71)]);
  assert.ok(answer.payload.includes(name));
  const sections = sectionsOf(answer.payload);
  assert.equal((sections.get(0x73) as unknown[])[5], 1, 'the correlation id is the message id');
  const hub = sections.get(0x77) as Map<string, unknown>;
  assert.deepEqual(hub.get('partition_ids'), ['0', '1']);
  // What one request brought is not left for the next one.
  assert.equal(statusOf(await ask({})), 401);
});

test('addresses may begin with a slash, be percent-encoded and be URLs, and are answered as they were sent', async (t) => {
  const { client } = await authorized(t);
  const addresses = ['/ledger', '/ledger/Partitions/1', '%2Fledger', 'led%67er', 'amqps://host/ledger'];
  for (const [handle, address] of addresses.entries()) {
    const attach = await client.attach(handle, 'sender', { address });
    assert.deepEqual((attach.fields[6] as unknown[])[0], address);
  }
  const readers = [
    '/ledger/ConsumerGroups/%24Default/Partitions/0',
    'amqps://127.0.0.1:5672/ledger/ConsumerGroups/$default/Partitions/0',
  ];
  for (const [at, address] of readers.entries()) {
    const attach = await client.attach(50 + at, 'receiver', { address });
    assert.deepEqual((attach.fields[5] as unknown[])[0], address);
  }
});

test('a plain message is one event, whatever its body and its properties are', async (t) => {
  const { client, connectionString } = await authorized(t);
  await client.attach(0, 'sender', { address: 'ledger/Partitions/0' });
  await client.answerOf(0x13);
  const decimal128 = Buffer.concat([Buffer.of(0x94), Buffer.alloc(16, 0x5a)]);
  const properties = [
    ...[encodeString('map'), encodeMap([encodeString('a'), encodeInt(1)])],
    ...[encodeString('list'), encodeList([encodeInt(1), NULL])],
    ...[encodeString('decimal'), decimal128],
  ];
  const rests = [
    Buffer.concat([encodeMapSection(0x74, 3, properties), encodeDescribed(0x77, encodeString('value'))]),
    Buffer.concat([encodeDescribed(0x76, encodeList([encodeInt(1)])), encodeDescribed(0x76, encodeList([]))]),
    encodeDescribed(0x77, decimal128),
    BODY,
  ];
  const key = encodeMapSection(0x72, 1, [encodeSymbol('x-opt-partition-key'), encodeInt(7)]);
  for (const [id, rest] of rests.entries()) {
    client.transfer(0, id, Buffer.concat([key, rest]));
    const { fields } = await client.answerOf(0x15);
    assert.deepEqual(fields.slice(0, 5), [true, id, id, true, []], 'accepted');
  }
  const properties0 = await producerFor(t, connectionString, 'ledger').getPartitionProperties('0');
  assert.equal(properties0.lastEnqueuedSequenceNumber, rests.length - 1);
  await client.attach(1, 'receiver', READER);
  client.giveCredit(1, 100);
  for (const rest of rests) {
    const { payload } = await client.answerOf(0x14);
    assert.ok(payload.subarray(payload.length - rest.length).equals(rest), 'not a byte is different');
    const annotations = sectionsOf(payload).get(0x72) as Map<string, unknown>;
    assert.equal(annotations.get('x-opt-partition-key'), 7);
  }
});

test('a message that is settled by its sender gets no answer, and its tag may come again', async (t) => {
  const { client, connectionString } = await authorized(t);
  await client.attach(0, 'sender', { address: 'ledger/Partitions/0', settles: encodeUbyte(1) });
  await client.answerOf(0x13);
  for (let id = 0; id < 3; id++) client.transfer(0, id, BODY, { settled: true, tag: 'same' });
  client.transfer(0, 3, BODY, { tag: 'same' });
  const answer = await client.answerOf(0x15);
  assert.deepEqual(answer.fields.slice(1, 3), [3, 3]);
  const reading = read(t, consumerFor(t, connectionString, 'ledger'), { partition: '0' });
  await until('all four are read', () => reading.events.length === 4);
});

test('a reader decides how its deliveries are settled', async (t) => {
  const { client, connectionString } = await authorized(t);
  await producerFor(t, connectionString, 'ledger').sendBatch([{ body: 1 }], { partitionId: '0' });
  for (const [settles, settled] of [
    [0, false],
    [1, true],
    [2, true],
  ] as const) {
    await client.attach(settles, 'receiver', { ...READER, settles: encodeUbyte(settles) });
    client.giveCredit(settles, 1);
    const transfer = await client.answerOf(0x14);
    assert.equal(transfer.fields[4], settled);
    if (settled) continue;
    // A reader that leaves the last word to the sender is told it.
    const id = encodeUint(transfer.fields[1] as number);
    client.send(
      0,
      0x15,
      encodeBoolean(true),
      id,
      NULL,
      encodeBoolean(false),
      encodeDescribed(0x24, encodeList([])),
    );
    assert.deepEqual((await client.answerOf(0x15)).fields.slice(0, 4), [
      false,
      transfer.fields[1],
      transfer.fields[1],
      true,
    ]);
  }
});

test('a reader that asks for what there is gets it, and its credit back', async (t) => {
  const { client, connectionString } = await authorized(t);
  await producerFor(t, connectionString, 'ledger').sendBatch([{ body: 1 }, { body: 2 }], {
    partitionId: '0',
  });
  await client.attach(0, 'receiver', READER);
  const drain = [
    encodeUint(0),
    encodeUint(0),
    encodeUint(10),
    NULL,
    encodeBoolean(true),
    encodeBoolean(false),
  ];
  client.send(0, 0x13, encodeUint(0), encodeUint(1000), encodeUint(0), encodeUint(1000), ...drain);
  await client.answerOf(0x14);
  await client.answerOf(0x14);
  const { fields } = await client.answerOf(0x13);
  assert.deepEqual(fields.slice(4, 9), [0, 10, 0, null, true]);
});

test('a reader with a small window gets one frame after the other', async (t) => {
  const { client, connectionString } = await authorized(t);
  const body = Buffer.alloc(200_000, 7);
  await producerFor(t, connectionString, 'ledger').sendBatch([{ body, bodyType: 'data' }], {
    partitionId: '0',
  });
  await client.attach(0, 'receiver', READER);
  const flow = (next: number) =>
    client.send(
      ...[0, 0x13, encodeUint(next), encodeUint(1), encodeUint(0), encodeUint(1000)],
      ...(next === 1 ? [encodeUint(0), encodeUint(0), encodeUint(5)] : []),
    );
  // One frame of this session has come already: the answer to the token.
  const parts: Buffer[] = [];
  for (let next = 1, more = true; more; next++) {
    flow(next);
    const { fields, payload } = await client.answerOf(0x14);
    parts.push(payload);
    more = fields[5] === true;
  }
  assert.ok(parts.length > 3);
  assert.deepEqual(sectionsOf(Buffer.concat(parts)).get(0x75), body);
});

test('selectors mean the same with and without quotes', async (t) => {
  const { client, connectionString } = await authorized(t);
  const producer = producerFor(t, connectionString, 'ledger');
  for (let n = 0; n < 3; n++) await producer.sendBatch([{ body: n }], { partitionId: '0' });
  const selectors = [
    "sequence-number > '1'",
    'sequence-number > 1',
    'sequence-number >= 2',
    'offset >= @latest',
  ];
  for (const [handle, selector] of selectors.entries()) {
    const text = encodeDescribed(0x0c, encodeString(`amqp.annotation.x-opt-${selector}`));
    const filter = encodeMap([encodeSymbol('apache.org:selector-filter:string'), text]);
    await client.attach(handle, 'receiver', { ...READER, filter });
    client.giveCredit(handle, 1);
    const { payload } = await client.answerOf(0x14);
    const annotations = sectionsOf(payload).get(0x72) as Map<string, unknown>;
    assert.equal(annotations.get('x-opt-sequence-number'), 2, selector);
  }
});

test('a client that sends without credit loses its link, and one that breaks the rules its session', async (t) => {
  const { client } = await authorized(t);
  await client.attach(0, 'sender', { address: 'ledger' });
  const limit = 300;
  const message = encodeDescribed(0x77, NULL);
  client.socket.cork();
  for (let id = 0; id <= limit; id++) client.transfer(0, id, message, { settled: true });
  client.socket.uncork();
  const detach = await client.answerOf(0x16);
  assert.deepEqual((detach.fields[2] as unknown[])[0], 'amqp:link:transfer-limit-exceeded');
  client.transfer(77, 0, message);
  const end = await client.answerOf(0x17);
  assert.deepEqual((end.fields[0] as unknown[])[0], 'amqp:session:unattached-handle');
});

/** A flow with the state of this side's window only, or with that of a link. */
function sendFlow(client: AmqpClient, next: number, window: number, ...link: Buffer[]): void {
  client.send(0, 0x13, encodeUint(next), encodeUint(window), encodeUint(0), encodeUint(1000), ...link);
}

/** A flow that asks to have this credit used up or taken back. */
const drainOf = (handle: number, credit: number) => [
  ...[encodeUint(handle), encodeUint(0), encodeUint(credit), NULL],
  ...[encodeBoolean(true), encodeBoolean(false)],
];

test('a reader that asks for fewer events than there are is told when its credit is used up', async (t) => {
  const { client, connectionString } = await authorized(t);
  await producerFor(t, connectionString, 'ledger').sendBatch([{ body: 1 }, { body: 2 }], {
    partitionId: '0',
  });
  await client.attach(0, 'receiver', READER);
  sendFlow(client, 1, 1000, ...drainOf(0, 1));
  await client.answerOf(0x14);
  const { fields } = await client.answerOf(0x13);
  assert.deepEqual(fields.slice(4, 9), [0, 1, 0, null, true]);
});

test('the answer to a drain comes after what the window held back', async (t) => {
  const { client, connectionString } = await authorized(t);
  const body = Buffer.alloc(200_000, 7);
  await producerFor(t, connectionString, 'ledger').sendBatch([{ body, bodyType: 'data' }], {
    partitionId: '0',
  });
  await client.attach(0, 'receiver', READER);
  sendFlow(client, 1, 1, ...drainOf(0, 1));
  assert.equal((await client.answer()).code, 0x14);
  sendFlow(client, 2, 1000);
  const codes: number[] = [];
  do codes.push((await client.answer()).code);
  while (codes.at(-1) === 0x14);
  assert.deepEqual([codes.length > 2, codes.at(-1)], [true, 0x13]);
});

test('readers go on when the window is opened, whichever link or none it is opened for', async (t) => {
  const { client, connectionString } = await authorized(t);
  const producer = producerFor(t, connectionString, 'ledger');
  await producer.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }], { partitionId: '0' });
  await client.attach(0, 'receiver', READER);
  await client.attach(1, 'receiver', { address: 'ledger/ConsumerGroups/x/Partitions/1' });
  const credit = (handle: number) => [encodeUint(handle), encodeUint(0), encodeUint(10)];
  sendFlow(client, 1, 1, ...credit(0));
  assert.equal((await client.answerOf(0x14)).fields[0], 0);
  sendFlow(client, 2, 1);
  assert.equal((await client.answerOf(0x14)).fields[0], 0);
  sendFlow(client, 3, 1, ...credit(1));
  assert.equal((await client.answerOf(0x14)).fields[0], 0);
});

test('nothing more is sent on a link that the client has detached', async (t) => {
  const { client, connectionString } = await authorized(t);
  const body = Buffer.alloc(200_000, 7);
  await producerFor(t, connectionString, 'ledger').sendBatch([{ body, bodyType: 'data' }], {
    partitionId: '0',
  });
  await client.attach(0, 'receiver', READER);
  sendFlow(client, 1, 1, encodeUint(0), encodeUint(0), encodeUint(10));
  await client.answerOf(0x14);
  client.send(0, 0x16, encodeUint(0), encodeBoolean(true));
  await client.answerOf(0x16);
  const echo = [NULL, NULL, NULL, NULL, NULL, encodeBoolean(true)];
  sendFlow(client, 2, 1000, ...echo);
  assert.equal((await client.answer()).code, 0x13, 'only the answer to the flow');
});

test('nothing is said about a message behind the end of its session', async (t) => {
  const { client, connectionString } = await authorized(t);
  await client.attach(0, 'sender', { address: 'ledger/Partitions/0' });
  await client.answerOf(0x13);
  client.socket.cork();
  client.transfer(0, 0, BODY);
  client.send(0, 0x17);
  client.socket.uncork();
  assert.equal((await client.answer()).code, 0x17);
  const producer = producerFor(t, connectionString, 'ledger');
  await until('the event is stored', async () => {
    const { lastEnqueuedSequenceNumber } = await producer.getPartitionProperties('0');
    return lastEnqueuedSequenceNumber === 0;
  });
  client.send(0, 0x18);
  assert.equal((await client.answer()).code, 0x18);
});
