import assert from 'node:assert/strict';
import { type EventPosition, latestEventPosition } from '@azure/event-hubs';
import { type TestContext, test } from 'vitest';
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
