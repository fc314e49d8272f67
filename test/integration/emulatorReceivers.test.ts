import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { type EventPosition, latestEventPosition } from '@azure/event-hubs';
import rhea, {
  type AmqpError,
  type Connection,
  type EventContext,
  type Receiver,
  type Sender,
  type Session,
} from 'rhea';
import {
  afterwards,
  bodyText,
  consumerFor,
  producerFor,
  type Reading,
  read,
  startedEmulator,
  until,
} from './emulatorClients.ts';

const HUB = [{ name: 'ledger', partitions: 1 }];

async function hubWithEvents(t: TestContext, ...bodies: string[]): Promise<string> {
  const { connectionString } = await startedEmulator(t, HUB);
  const producer = producerFor(t, connectionString, 'ledger');
  for (const body of bodies) await producer.sendBatch([{ body: Buffer.from(body) }]);
  return connectionString;
}

const texts = (reading: Reading): string => reading.events.map(bodyText).join(' ');

test('each start position delivers from the right event on', async (t) => {
  const connectionString = await hubWithEvents(t, 'a', 'b', 'c', 'd');
  const all = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('all events are read', () => all.events.length === 4);
  const second = all.events[1]!;
  const cases: [EventPosition, string][] = [
    [{ offset: '-1' }, 'a b c d'],
    [{ offset: second.offset }, 'c d'],
    [{ offset: second.offset, isInclusive: true }, 'b c d'],
    [{ sequenceNumber: 2 }, 'd'],
    [{ sequenceNumber: 2, isInclusive: true }, 'c d'],
    [{ offset: '@latest', isInclusive: true }, 'd'],
    [{ enqueuedOn: second.enqueuedTimeUtc.getTime() - 60_000 }, 'a b c d'],
  ];
  for (const [startPosition, expected] of cases) {
    const consumer = consumerFor(t, connectionString, 'ledger', 'positions');
    const reading = read(t, consumer, { startPosition });
    await until(
      `'${expected}' is read from ${JSON.stringify(startPosition)}`,
      () => texts(reading) === expected,
    );
    await reading.close();
  }
});

test('a reader that starts at the latest event sees only what comes after it', async (t) => {
  const connectionString = await hubWithEvents(t, 'old');
  const reading = read(t, consumerFor(t, connectionString, 'ledger'), { startPosition: latestEventPosition });
  await until('the reader is set up', () => reading.initialized.has('0'));
  // The client sets up its link some time after that, so new events are sent until one is seen.
  const producer = producerFor(t, connectionString, 'ledger');
  await until('a new event is seen', async () => {
    await producer.sendBatch([{ body: Buffer.from('new') }]);
    return reading.events.length > 0;
  });
  assert.ok(reading.events.every((event) => bodyText(event) === 'new'));
});

test('an offset or a sequence number behind the last event is an argument error', async (t) => {
  const connectionString = await hubWithEvents(t, 'a');
  for (const startPosition of [{ offset: '999999' }, { sequenceNumber: 5 }]) {
    const reading = read(t, consumerFor(t, connectionString, 'ledger'), { startPosition });
    await until('the error is reported', () => reading.errors.length > 0);
    assert.equal(reading.errors[0]?.code, 'ArgumentError');
    assert.match(
      reading.errors[0]?.message ?? '',
      /is invalid\. The last (offset|sequence number) in the system is '0'/,
    );
    await reading.close();
  }
});

test('a reader of an unknown hub is told so', async (t) => {
  const { connectionString } = await startedEmulator(t, HUB);
  const reading = read(t, consumerFor(t, connectionString, 'nobody'), { partition: '0' });
  await until('the error is reported', () => reading.errors.length > 0);
  assert.equal(reading.errors[0]?.code, 'MessagingEntityNotFoundError');
});

test('consumer groups read independently, and their names have no case', async (t) => {
  const connectionString = await hubWithEvents(t, 'a', 'b');
  for (const group of ['$Default', '$default', 'Reports']) {
    const reading = read(t, consumerFor(t, connectionString, 'ledger', group));
    await until(`${group} has read all`, () => texts(reading) === 'a b');
    await reading.close();
  }
});

test('a reader with a higher owner level takes the partition over, and a lower one stays out', async (t) => {
  const connectionString = await hubWithEvents(t, 'a');
  const low = read(t, consumerFor(t, connectionString, 'ledger'), { partition: '0', ownerLevel: 5 });
  await until('the first owner reads', () => texts(low) === 'a');
  const high = read(t, consumerFor(t, connectionString, 'ledger'), { partition: '0', ownerLevel: 6 });
  await until('the second owner reads', () => texts(high) === 'a');
  await until('the first owner is told', () => low.errors.length > 0);
  assert.equal(low.errors[0]?.code, 'ReceiverDisconnectedError');
  assert.match(low.errors[0]?.message ?? '', /with higher epoch of '6'/);
  await low.close();

  for (const options of [{ ownerLevel: 4 }, {}]) {
    const late = read(t, consumerFor(t, connectionString, 'ledger'), { partition: '0', ...options });
    await until('the late reader is refused', () => late.errors.length > 0);
    assert.equal(late.errors[0]?.code, 'ReceiverDisconnectedError');
    assert.equal(late.events.length, 0);
    await late.close();
  }
  assert.deepEqual(high.errors, []);
});

test('five readers share a partition, the sixth is refused, and another group has its own five', async (t) => {
  const connectionString = await hubWithEvents(t, 'a');
  const reader = (group = 'shared') =>
    read(t, consumerFor(t, connectionString, 'ledger', group), { partition: '0' });
  const five = Array.from({ length: 5 }, () => reader());
  await until('all five read', () => five.every((reading) => texts(reading) === 'a'));
  const sixth = reader();
  await until('the sixth is refused', () => sixth.errors.length > 0);
  assert.match(sixth.errors[0]?.message ?? '', /maximum number of allowed receivers/);
  await sixth.close();
  const other = reader('other');
  await until('the other group reads', () => texts(other) === 'a');
  await five[0]?.close();
  const next = reader();
  await until('the place that was left is taken', () => texts(next) === 'a');
});

test('a reader that asks for it gets the last enqueued event with each delivery', async (t) => {
  const connectionString = await hubWithEvents(t, 'a', 'b', 'c');
  const consumer = consumerFor(t, connectionString, 'ledger');
  const seen: unknown[] = [];
  const subscription = consumer.subscribe(
    {
      processEvents: async (events, context) => {
        const last = context.lastEnqueuedEventProperties;
        if (events.length > 0)
          seen.push(last?.sequenceNumber, last?.offset, last?.enqueuedOn, last?.retrievedOn);
      },
      processError: async (error) => assert.fail(error),
    },
    { startPosition: { sequenceNumber: 0, isInclusive: true }, trackLastEnqueuedEventProperties: true },
  );
  afterwards(t, () => subscription.close());
  await until('events are read', () => seen.length > 0);
  const properties = await consumer.getPartitionProperties('0');
  assert.deepEqual(seen[0], 2);
  assert.equal(seen[1], properties.lastEnqueuedOffset);
  assert.deepEqual(new Date(seen[2] as number), properties.lastEnqueuedOnUtc);
  assert.ok(Number(seen[3]) >= properties.lastEnqueuedOnUtc.getTime());
});

/** A bare AMQP connection, to see what the Azure client hides. */
async function bareConnection(t: TestContext, port: number): Promise<Connection> {
  const connection = rhea
    .create_container()
    .connect({ host: '127.0.0.1', port, username: 'any', reconnect: false });
  connection.on('disconnected', () => {});
  await once(connection, 'connection_open');
  afterwards(t, async () => {
    connection.close();
    await once(connection, 'connection_close');
  });
  return connection;
}

async function openSession(connection: Connection): Promise<Session> {
  const session = connection.create_session();
  session.begin();
  await once(session, 'session_open');
  return session;
}

/** Puts a token as the client does, and returns the status code. */
async function putToken(connection: Connection): Promise<unknown> {
  const session = await openSession(connection);
  const replies = session.open_receiver({ source: { address: '$cbs' }, target: { address: 'me' } });
  const requests = session.open_sender({ target: { address: '$cbs' } });
  await once(requests, 'sendable');
  const expiry = Math.ceil(Date.now() / 1000) + 60;
  const signature = createHmac('sha256', 'SAS_KEY_VALUE').update(`sb%3A%2F%2Fx\n${expiry}`).digest('base64');
  const answer = once(replies, 'message');
  requests.send({
    message_id: '1',
    reply_to: 'me',
    application_properties: {
      operation: 'put-token',
      type: 'servicebus.windows.net:sastoken',
      name: 'sb://x',
    },
    body: `SharedAccessSignature sr=sb%3A%2F%2Fx&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=RootManageSharedAccessKey`,
  });
  const [context] = (await answer) as [EventContext];
  return context.message?.application_properties?.['status-code'];
}

function conditionOf(link: Sender | Receiver | undefined): string | undefined {
  return (link?.error as AmqpError | undefined)?.condition;
}

test('a link on a connection without a token is refused', async (t) => {
  const { port } = await startedEmulator(t, HUB);
  const session = await openSession(await bareConnection(t, port));
  for (const address of ['ledger', 'ledger/Partitions/0', '$management']) {
    const sender = session.open_sender({ target: { address } });
    const [context] = (await once(sender, 'sender_error')) as [EventContext];
    assert.equal(conditionOf(context.sender), 'amqp:unauthorized-access');
  }
  const receiver = session.open_receiver({ source: { address: 'ledger/ConsumerGroups/x/Partitions/0' } });
  const [context] = (await once(receiver, 'receiver_error')) as [EventContext];
  assert.equal(conditionOf(context.receiver), 'amqp:unauthorized-access');
});

test('a reader never gets more events than it gave credit for', async (t) => {
  const { port, connectionString } = await startedEmulator(t, HUB);
  const events = Array.from({ length: 100 }, (_, n) => ({ body: Buffer.from(String(n)) }));
  await producerFor(t, connectionString, 'ledger').sendBatch(events);
  const connection = await bareConnection(t, port);
  assert.equal(await putToken(connection), 202);
  const session = await openSession(connection);
  const receiver = session.open_receiver({
    source: { address: 'ledger/ConsumerGroups/x/Partitions/0' },
    credit_window: 0,
  });
  const received: string[] = [];
  receiver.on('message', ({ message }: EventContext) => received.push(message?.body.content.toString()));
  receiver.add_credit(10);
  await until('the first ten are there', () => received.length === 10);
  receiver.add_credit(5);
  await until('five more are there', () => received.length === 15);
  // The answer to the detach comes behind everything that was sent before it.
  receiver.close();
  await once(receiver, 'receiver_close');
  assert.deepEqual(
    received,
    Array.from({ length: 15 }, (_, n) => String(n)),
  );
});

test('a reader that stops reading its socket gets everything once it goes on', async (t) => {
  const { port, connectionString } = await startedEmulator(t, HUB);
  const producer = producerFor(t, connectionString, 'ledger');
  const body = Buffer.alloc(1_000_000, 7);
  const total = 40;
  for (let n = 0; n < total; n++) await producer.sendBatch([{ body }]);
  const connection = await bareConnection(t, port);
  assert.equal(await putToken(connection), 202);
  const session = await openSession(connection);
  let bytes = 0;
  let count = 0;
  const receiver = session.open_receiver({
    source: { address: 'ledger/ConsumerGroups/x/Partitions/0' },
    credit_window: 0,
  });
  receiver.on('message', ({ message }: EventContext) => {
    bytes += message?.body.content.length;
    count++;
    if (count !== 1) return;
    connection.socket.pause();
    // A round trip on another connection: the emulator has had its turn meanwhile.
    void producer.getPartitionProperties('0').then(() => connection.socket.resume());
  });
  receiver.add_credit(1000);
  await until('all events are there', () => count === total);
  assert.equal(bytes, total * body.length);
});
