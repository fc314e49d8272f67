import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { eventually, HostTestBed, type RecordEntry, type RecordedHub } from './hostUnderTest.ts';

const base64 = (body: Buffer | string) => Buffer.from(body).toString('base64');
const text = (body: string) => ({ body: Buffer.from(body) });
const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => text(`${prefix}${index}`));
const partitionOf = (start: RecordEntry) => start.triggerMetadata.partitionContext.partitionId;
const FOR_EVER = { strategy: 'fixedDelay', maxRetryCount: -1, delayInterval: { seconds: 1 } };

describe('the local Functions host', () => {
  let bed: HostTestBed;
  beforeAll(async () => {
    bed = await HostTestBed.start();
  });
  afterAll(() => bed.stop());

  it('delivers each event once, its bytes exact, with the metadata of its place in the partition', async () => {
    const hub = await bed.hub('delivers', 2);
    const bodies = [
      Buffer.alloc(0),
      Buffer.from([0x7b, 0xff, 0xfe, 0]),
      Buffer.from('{"n":9007199254740993}'),
    ];
    await hub.send('1', [{ body: bodies[0] }, { body: bodies[1] }]);
    await hub.sendWithKey('wallet-1', [{ body: bodies[2], properties: { SchemaVersion: 1 } }]);
    const host = await hub.startHost('A');
    await eventually('three events', () => hub.processed().length === 3);

    const starts = hub.records('start');
    assert.deepEqual(
      starts.flatMap((start) => start.bodies).sort(),
      bodies.map((body) => base64(body)).sort(),
    );
    for (const { triggerMetadata, bodies: received, retryContext } of starts) {
      const { partitionContext, sequenceNumberArray, systemPropertiesArray } = triggerMetadata;
      assert.equal(partitionContext.eventHubName, hub.name);
      assert.equal(partitionContext.consumerGroup, '$Default');
      assert.equal(sequenceNumberArray.length, received.length);
      assert.deepEqual(
        systemPropertiesArray.map((system) => system['sequenceNumber']),
        sequenceNumberArray,
      );
      assert.equal(retryContext, undefined);
    }
    const keyed = starts.find((start) => start.bodies.includes(base64(bodies[2] ?? '')));
    assert.deepEqual(keyed?.triggerMetadata.partitionKeyArray, ['wallet-1']);
    assert.equal(keyed?.triggerMetadata.systemPropertiesArray.at(-1)?.['partitionKey'], 'wallet-1');
    assert.equal(keyed?.triggerMetadata.propertiesArray.at(-1)?.['schemaVersion'], 1);
    assert(hub.records('postInvocation').every(({ seen, failed }) => seen! > 0 && failed === false));
    assert.match(hub.log('A'), /"ready":true,"functions":\["recorder"\]/);
    assert.match(hub.log('A'), /Function notHere \(httpTrigger, http\) is not run/);

    for (const partition of new Set(starts.map(partitionOf))) {
      const last = starts.findLast((start) => partitionOf(start) === partition);
      const position = last?.triggerMetadata.sequenceNumberArray.at(-1);
      await eventually('the checkpoint', async () => (await hub.checkpoint(partition)) === position);
    }
    await host.stop();
    await hub.startHost('B');
    await hub.send('1', [text('after the restart')]);
    await eventually('the new event', () => hub.processed().includes('after the restart'));
    assert.equal(hub.processed().length, 4);
  });

  it('retries a failed batch as the same invocation, and checkpoints when it has succeeded', async () => {
    const hub = await bed.hub('retries', 1);
    await hub.send('0', [text('fail until go')]);
    await hub.startHost('A', FOR_EVER);
    await eventually('three attempts', () => hub.records('start').length >= 3);
    assert.equal(await hub.checkpoint('0'), undefined);
    writeFileSync(hub.goFile, '');
    await eventually('a checkpoint', async () => (await hub.checkpoint('0')) === 0);

    const attempts = hub.records('start');
    assert.deepEqual(
      attempts.map(({ retryContext }) => retryContext?.retryCount),
      attempts.map((_, index) => index),
    );
    assert.equal(new Set(attempts.map(({ invocationId }) => invocationId)).size, 1);
    assert.deepEqual(attempts[0]?.retryContext, { retryCount: 0, maxRetryCount: -1 });
    assert.equal(attempts[1]?.retryContext?.exception?.message, 'not yet');
  });

  it('checkpoints past a batch that failed for good', async () => {
    const hub = await bed.hub('gives-up', 1);
    await hub.send('0', [text('fail always')]);
    await hub.startHost('A', { ...FOR_EVER, maxRetryCount: 1 });
    await eventually('a checkpoint', async () => (await hub.checkpoint('0')) === 0);
    assert.equal(hub.records('start').length, 2);
    await hub.send('0', [text('next')]);
    await eventually('the next event', () => hub.processed().includes('next'));
  });

  describe('with a second host', () => {
    let hub: RecordedHub;
    const isShared = async (count: Record<string, number>) => {
      const owners = Object.values(await hub.owners());
      return Object.entries(count).every(([name, partitions]) => {
        return owners.filter((owner) => owner === name).length === partitions;
      });
    };
    const sendToAll = async (prefix: string) => {
      for (const partition of ['0', '1', '2', '3']) {
        await hub.send(partition, numbered(`${prefix}-${partition}-`, 25));
      }
      const sent = ['0', '1', '2', '3'].flatMap((partition) =>
        Array.from({ length: 25 }, (_, index) => `${prefix}-${partition}-${index}`),
      );
      await eventually(`all events of "${prefix}"`, () => {
        const processed = new Set(hub.processed());
        return sent.every((body) => processed.has(body));
      });
    };

    it('shares the partitions, and takes over those of a host that was killed or stopped', async () => {
      hub = await bed.hub('shares', 4);
      const a = await hub.startHost('A');
      await eventually('A has all partitions', () => isShared({ A: 4 }));
      await sendToAll('alone');

      const b = await hub.startHost('B');
      await eventually('each host has two partitions', () => isShared({ A: 2, B: 2 }));
      await sendToAll('shared');
      const hosts = hub.records('end').map(({ host }) => host);
      assert(hosts.includes('A') && hosts.includes('B'));

      b.kill('SIGKILL');
      await b.ended;
      assert(await isShared({ A: 2, B: 2 }), 'nobody released the partitions of B');
      await sendToAll('after SIGKILL');
      await eventually('A has all partitions', () => isShared({ A: 4 }));

      await hub.startHost('C');
      await eventually('each host has two partitions', () => isShared({ A: 2, C: 2 }));
      a.kill('SIGTERM');
      assert.equal(await a.ended, 'ended with code 0');
      assert(await isShared({ A: 0 }), 'A released its partitions');
      assert(hub.records('appTerminate').some(({ host }) => host === 'A'));
      await eventually('C has all partitions', () => isShared({ C: 4 }));
      await sendToAll('after SIGTERM');
    });
  });

  it('stops to retry a batch whose partition another host has taken, and writes no checkpoint for it', async () => {
    const hub = await bed.hub('loses', 2);
    await hub.send('0', [text('fail until go')]);
    await hub.send('1', [text('fail until go')]);
    await hub.startHost('A', FOR_EVER);
    await eventually(
      'attempts on both partitions',
      () => new Set(hub.records('start').map(partitionOf)).size === 2,
    );
    await hub.startHost('B', FOR_EVER);
    await eventually('an attempt of B', () => hub.records('start').some(({ host }) => host === 'B'));
    await eventually('A has noticed', () => hub.log('A').includes('Another host has taken partition'));
    assert.equal(await hub.checkpoint('0'), undefined);
    assert.equal(await hub.checkpoint('1'), undefined);
    writeFileSync(hub.goFile, '');
    await eventually(
      'both checkpoints',
      async () => (await hub.checkpoint('0')) === 0 && (await hub.checkpoint('1')) === 0,
    );
    const hosts = hub.records('end').map(({ host }) => host);
    assert.deepEqual(hosts.sort(), ['A', 'B']);
  });

  it('goes on within seconds when the broker has restarted', async () => {
    const hub = await bed.hub('reconnects', 2);
    await hub.startHost('A');
    await hub.send('0', [text('before')]);
    await hub.send('1', [text('before, elsewhere')]);
    // Both, because a client that is just opening a link when its connection breaks waits for a minute.
    await eventually('both readers', () => hub.processed().length === 2);
    await hub.restartBroker();
    const restarted = Date.now();
    await hub.send('0', [text('after')]);
    await hub.send('1', [text('after, elsewhere')]);
    await eventually('the other events', () => new Set(hub.processed()).size === 4);
    assert(Date.now() - restarted < 30_000, 'the client alone would take a minute');
  });

  it('lets a running invocation end when it stops, and leaves its batch to the next host', async () => {
    const hub = await bed.hub('drains', 1);
    const host = await hub.startHost('A', FOR_EVER);
    await hub.send('0', [text('slow')]);
    await eventually('the start of the invocation', () => hub.records('start').length === 1);
    await host.stop();
    assert.equal(await host.ended, 'ended with code 0');
    assert.deepEqual(hub.processed(), ['slow']);
    assert.equal(await hub.checkpoint('0'), undefined);
    await hub.startHost('B');
    await eventually('the second delivery', () => hub.processed().length === 2);
  });

  it('stops while a batch waits for its next attempt', async () => {
    const hub = await bed.hub('stops-retrying', 1);
    await hub.send('0', [text('fail always')]);
    const host = await hub.startHost('A', { ...FOR_EVER, delayInterval: { seconds: 60 } });
    await eventually('the first attempt', () => hub.records('start').length === 1);
    await host.stop();
    assert.equal(await host.ended, 'ended with code 0');
    assert.equal(hub.records('start').length, 1);
    assert.equal(await hub.checkpoint('0'), undefined);
  });

  it('ends with code 1 when an error escapes the app', async () => {
    const hub = await bed.hub('escapes', 1);
    const host = await hub.startHost('A', FOR_EVER);
    await hub.send('0', [text('reject later')]);
    assert.equal(await host.ended, 'ended with code 1');
    assert.match(hub.log('A'), /Unhandled rejection: Error: nobody waits for this/);
    assert.equal(await hub.checkpoint('0'), undefined);
  });

  it('ends with code 1 and the message of an app that does not load', () => {
    const main = fileURLToPath(new URL('../../tools/local/host/main.ts', import.meta.url));
    const app = fileURLToPath(new URL('../fixtures/apps/broken', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [main, '--app', app], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.equal(stderr, 'Settings are missing:\n  DATABASE_URL\n  EventHubs\n');
  });
});
