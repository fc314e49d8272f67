import assert from 'node:assert/strict';
import { EventHubConsumerClient, type ReceivedEventData } from '@azure/event-hubs';
import { type TestContext, test } from 'vitest';
import { boundPrefetch } from '../../tools/local/host/prefetch.ts';
import { afterwards, producerFor, startedEmulator, until } from './emulatorClients.ts';

// What the local host asks a partition for before it has handed over what came: as the real host, which counts and weighs it.

const EVENTS = 60;
const KB = 1024;

/** Sizes of the batches in which a client with these bounds gets all events of a hub, each of so many bytes. */
async function batchesOf(t: TestContext, bytes: number, prefetchSizeInBytes: number | undefined) {
  const { connectionString } = await startedEmulator(t, [{ name: 'ledger', partitions: 1 }]);
  const producer = producerFor(t, connectionString, 'ledger');
  const bodies = Array.from({ length: EVENTS }, (_, index) => Buffer.alloc(bytes, `${index} `));
  for (const body of bodies) await producer.sendBatch([{ body }]);

  const identifier = `bounded-${prefetchSizeInBytes}-${bytes}`;
  const settings = { maxEventBatchSize: EVENTS, prefetchCount: EVENTS, prefetchSizeInBytes };
  boundPrefetch(identifier, settings);
  const client = new EventHubConsumerClient('$Default', connectionString, 'ledger', { identifier });
  const batches: ReceivedEventData[][] = [];
  const subscription = client.subscribe(
    {
      processEvents: async (events) => {
        if (events.length > 0) batches.push(events);
      },
      processError: async (error) => console.error(error),
    },
    {
      maxBatchSize: settings.maxEventBatchSize,
      prefetchCount: settings.prefetchCount,
      startPosition: { offset: '-1' },
      maxWaitTimeInSeconds: 1,
      skipParsingBodyAsJson: true,
    },
  );
  afterwards(t, async () => {
    await subscription.close();
    await client.close();
  });
  await until('all events are read', () => batches.flat().length === EVENTS);
  assert.deepEqual(
    batches.flat().map(({ body }) => body as Buffer),
    bodies,
  );
  return batches.map(({ length }) => length);
}

test('large events come in batches that fit into the bytes, in order and without a gap', async (t) => {
  // Before anything is known, 256 KB are reckoned with; then 100.
  const [first, ...others] = await batchesOf(t, 100 * KB, 1024 * KB);
  assert.ok(first! <= 4, `${first} in the first batch`);
  assert.ok(
    others.every((length) => length <= 10),
    `${others} in the others`,
  );
});

test('one that is larger than all that may wait comes alone', async (t) => {
  assert.deepEqual(new Set(await batchesOf(t, 100 * KB, 64 * KB)), new Set([1]));
});

test('without a bound in bytes only the count bounds them', async (t) => {
  const batches = await batchesOf(t, 100 * KB, undefined);
  assert.ok(Math.max(...batches) > 10, `${batches}`);
});

test('small events are bounded by the count alone', async (t) => {
  const batches = await batchesOf(t, 100, 1024 * KB);
  assert.ok(Math.max(...batches) > 10, `${batches}`);
});
