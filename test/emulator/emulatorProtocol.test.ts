import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import rhea, {
  type AmqpError,
  type Connection,
  type EventContext,
  type Receiver,
  type Sender,
  type Session,
} from 'rhea';
import { type TestContext, test, vi } from 'vitest';
import { afterwards, producerFor, startedEmulator, until } from './emulatorClients.ts';

const HUB = [{ name: 'ledger', partitions: 1 }];

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
  for (const address of ['ledger', 'ledger/Partitions/0']) {
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

test('a client that does not speak AMQP is dropped, and the others go on', async (t) => {
  const report = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { port, connectionString } = await startedEmulator(t, HUB);
  const producer = producerFor(t, connectionString, 'ledger');
  await producer.sendBatch([{ body: 1 }]);
  const stranger = connect(port, '127.0.0.1');
  stranger.resume();
  stranger.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(stranger, 'close');
  assert.equal(report.mock.calls.length, 1);
  await producer.sendBatch([{ body: 2 }]);
  assert.equal((await producer.getPartitionProperties('0')).lastEnqueuedSequenceNumber, 1);
});

test('a message that is neither a batch nor a plain one is rejected and the link stays usable', async (t) => {
  const { port } = await startedEmulator(t, HUB);
  const connection = await bareConnection(t, port);
  assert.equal(await putToken(connection), 202);
  const session = await openSession(connection);
  const sender = session.open_sender({ target: { address: 'ledger' } });
  await once(sender, 'sendable');
  const batch = rhea.message.encode({
    body: rhea.message.data_section(
      rhea.message.encode({ body: rhea.message.data_section(Buffer.from('1')) }),
    ),
  });
  const cases: [Buffer, number, string][] = [
    [batch, 7, 'amqp:not-implemented'],
    [Buffer.alloc(70_000), 0x80013700, 'amqp:decode-error'],
    [Buffer.from('plain text'), 0, 'amqp:decode-error'],
    [batch.subarray(0, batch.length - 1), 0x80013700, 'amqp:decode-error'],
  ];
  for (const [bytes, format, condition] of cases) {
    const outcome = once(sender, 'rejected');
    const delivery = sender.send(bytes, undefined, format);
    await outcome;
    assert.equal(delivery.remote_state?.['error']?.condition, condition);
  }
  sender.send(batch, undefined, 0x80013700);
  await once(sender, 'accepted');
});
