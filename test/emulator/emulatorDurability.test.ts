import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, statSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { EventHubProducerClient } from '@azure/event-hubs';
import rhea from 'rhea';
import { type TestContext, test, vi } from 'vitest';
import { startEmulator } from '../../tools/local/emulator/emulator.ts';
import {
  afterwards,
  bodyText,
  consumerFor,
  producerFor,
  read,
  startedEmulator,
  temporaryDirectory,
  until,
} from './emulatorClients.ts';

const MAIN = fileURLToPath(new URL('../../tools/local/emulator/main.ts', import.meta.url));
const HUB = [{ name: 'ledger', partitions: 2 }];

/** Starts the emulator as a process of its own and waits for its ready line. */
async function emulatorProcess(
  t: TestContext,
  directory: string,
  { ipc = false } = {},
): Promise<{ child: ChildProcess; port: number; connectionString: string }> {
  const child = spawn(
    process.execPath,
    [MAIN, '--port', '0', '--directory', directory, '--hub', 'ledger:2'],
    {
      stdio: ipc ? ['ignore', 'pipe', 'inherit', 'ipc'] : ['ignore', 'pipe', 'inherit'],
    },
  );
  afterwards(t, () => child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { ready, port } = JSON.parse(line) as { ready: boolean; port: number };
  assert.equal(ready, true);
  const key = 'SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE';
  return {
    child,
    port,
    connectionString: `Endpoint=sb://127.0.0.1:${port};${key};UseDevelopmentEmulator=true;`,
  };
}

test('after a restart the events are there and the numbering goes on', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await startedEmulator(t, HUB, { directory });
  const producer = producerFor(t, first.connectionString, 'ledger');
  const { createdOn } = await producer.getEventHubProperties();
  await producer.sendBatch([{ body: 'a' }, { body: 'b' }], { partitionId: '1' });
  const before = await producer.getPartitionProperties('1');
  await producer.close();
  await first.stop();

  const second = await startedEmulator(t, HUB, { directory });
  const again = producerFor(t, second.connectionString, 'ledger');
  assert.deepEqual((await again.getEventHubProperties()).createdOn, createdOn);
  assert.deepEqual(await again.getPartitionProperties('1'), before);
  await again.sendBatch([{ body: 'c' }], { partitionId: '1' });
  const reading = read(t, consumerFor(t, second.connectionString, 'ledger'), { partition: '1' });
  await until('all three are read', () => reading.events.length === 3);
  assert.deepEqual(
    reading.events.map((event) => [event.sequenceNumber, bodyText(event)]),
    [
      [0, '"a"'],
      [1, '"b"'],
      [2, '"c"'],
    ],
  );
});

test('clients that stay open go on after a restart on the same port', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await startedEmulator(t, HUB, { directory });
  const producer = new EventHubProducerClient(first.connectionString, 'ledger', {
    // A send that begins before the client sees the broken connection is repeated after this timeout.
    retryOptions: { maxRetries: 10, retryDelayInMs: 100, timeoutInMs: 2_000 },
  });
  afterwards(t, () => producer.close());
  await producer.sendBatch([{ body: 'before' }], { partitionId: '0' });
  await first.stop();
  const second = await startedEmulator(t, HUB, { directory, port: first.port });
  // Once more, to come before the second stop: a close that meets a breaking connection never ends.
  afterwards(t, () => producer.close());
  await producer.sendBatch([{ body: 'after' }], { partitionId: '0' });
  const reading = read(t, consumerFor(t, second.connectionString, 'ledger'), { partition: '0' });
  await until('both are read', () => reading.events.length === 2);
  assert.deepEqual(reading.events.map(bodyText), ['"before"', '"after"']);
});

test('an unfinished write at the end of a log is removed at the start', async (t) => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const directory = temporaryDirectory(t);
  const first = await startedEmulator(t, HUB, { directory });
  const producer = producerFor(t, first.connectionString, 'ledger');
  await producer.sendBatch([{ body: 'a' }, { body: 'b' }], { partitionId: '0' });
  await producer.sendBatch([{ body: 'c' }], { partitionId: '1' });
  await producer.close();
  await first.stop();
  const [cut, extended] = [join(directory, 'ledger', '0.log'), join(directory, 'ledger', '1.log')];
  truncateSync(cut, statSync(cut).size - 5);
  appendFileSync(extended, Buffer.of(0, 0, 1));

  const second = await startedEmulator(t, HUB, { directory });
  const again = producerFor(t, second.connectionString, 'ledger');
  for (const partitionId of ['0', '1']) await again.sendBatch([{ body: 'new' }], { partitionId });
  const reading = read(t, consumerFor(t, second.connectionString, 'ledger'));
  await until('both partitions are read', () => reading.events.length === 4);
  const inPartition = (id: string) => reading.byPartition.get(id)?.map((event) => bodyText(event));
  assert.deepEqual(inPartition('0'), ['"a"', '"new"']);
  assert.deepEqual(inPartition('1'), ['"c"', '"new"']);
});

test('a SIGKILL loses nothing that was acknowledged', async (t) => {
  const directory = temporaryDirectory(t);
  const { child, connectionString } = await emulatorProcess(t, directory);
  const producer = new EventHubProducerClient(connectionString, 'ledger', {
    retryOptions: { maxRetries: 0, timeoutInMs: 2_000 },
  });
  afterwards(t, () => producer.close());
  const acknowledged: number[] = [];
  let next = 0;
  const sendUntilItFails = async () => {
    for (;;) {
      const body = next++;
      try {
        await producer.sendBatch([{ body }], { partitionId: String(body % 2) });
      } catch {
        return; // killed: whether this one was stored is unknown
      }
      acknowledged.push(body);
      if (acknowledged.length === 500) child.kill('SIGKILL');
    }
  };
  await Promise.all([...Array(10)].map(sendUntilItFails));
  assert.ok(acknowledged.length >= 500);

  const second = await startedEmulator(t, HUB, { directory });
  const reading = read(t, consumerFor(t, second.connectionString, 'ledger'));
  const seen = () => new Set(reading.events.map((event) => Number(bodyText(event))));
  await until('every acknowledged event is read', () => {
    const numbers = seen();
    return acknowledged.every((number) => numbers.has(number));
  });
  assert.equal(seen().size, reading.events.length, 'no event is stored twice');
});

test('the process ends with code 0 when it is asked to', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, port } = await emulatorProcess(t, temporaryDirectory(t));
    // An open client must not keep it alive.
    const client = rhea.create_container().connect({ host: '127.0.0.1', port, reconnect: false });
    client.on('disconnected', () => {});
    await once(client, 'connection_open');
    child.kill(signal);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  }
});

test('the process ends when its parent closes the channel between them', async (t) => {
  const { child } = await emulatorProcess(t, temporaryDirectory(t), { ipc: true });
  child.disconnect();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a process that cannot start says why and ends with code 1', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  afterwards(t, () => other.close());
  await once(other, 'listening');
  const address = other.address();
  assert.ok(address !== null && typeof address === 'object');
  const cases: [string[], RegExp][] = [
    [
      ['--port', String(address.port), '--directory', temporaryDirectory(t), '--hub', 'a:1'],
      /LOCAL_EVENT_HUBS_PORT/,
    ],
    [['--port', 'x', '--directory', '/nowhere', '--hub', 'a:1'], /--port needs a number/],
    [['--port', '0', '--directory', '/nowhere', '--hub', 'a'], /NAME:PARTITIONS/],
    [['--port', '0', '--hub', 'a:1'], /--directory is missing/],
    [['--port', '0', '--directory', '/nowhere'], /--hub NAME:PARTITIONS is missing/],
  ];
  for (const [args, message] of cases) {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});

test('a refused start frees the port', async (t) => {
  const directory = temporaryDirectory(t);
  const emulator = await startedEmulator(t, [{ name: 'ledger', partitions: 2 }], { directory });
  await emulator.stop();
  const { port } = emulator;
  await assert.rejects(
    startEmulator({ port, directory, hubs: [{ name: 'ledger', partitions: 3 }] }),
    /has 2 partitions/,
  );
  const again = await startEmulator({ port, directory, hubs: [{ name: 'ledger', partitions: 2 }] });
  assert.equal(again.port, port);
  await again.stop();
});
