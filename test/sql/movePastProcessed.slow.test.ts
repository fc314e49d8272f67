import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventHubProducerClient } from '@azure/event-hubs';
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob';
import { ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { forgetFormer } from '../../shared/checkpoints/forgetFormer.ts';
import { HostCheckpoints, type Ownership } from '../../shared/checkpoints/hostCheckpoints.ts';
import { movePastProcessed } from '../../shared/checkpoints/movePastProcessed.ts';
import { moveRepaired } from '../../shared/checkpoints/moveRepaired.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { hubConnector } from '../../shared/settings/eventHubsConnection.ts';
import {
  readStandingPartitions,
  writeStandingPartitions,
} from '../../shared/store/checkpoints/standingPartitions.ts';
import { withConnection } from '../../shared/store/withConnection.ts';
import { startEmulator } from '../../tools/local/emulator/emulator.ts';
import { startAzurite } from '../../tools/local/processes/azurite.ts';
import { entry, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const TOPIC = 'ledger.entry.upserted';
const EVENTS = 60;
const HOST = { fullyQualifiedNamespace: 'space', eventHubName: TOPIC, partitionId: '0' };

/** The host renews its claim before each try to take it. */
class RenewedCheckpoints extends HostCheckpoints {
  override release(_topic: string, _partition: number, _ownership: Ownership): Promise<boolean> {
    return Promise.resolve(false);
  }
}

describe('a partition is set going behind what was processed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'move-'));
  let azurite: Awaited<ReturnType<typeof startAzurite>>;
  let container: ContainerClient;
  let store: BlobCheckpointStore;
  beforeAll(async () => {
    azurite = await startAzurite({ directory, blobPort: 0, queuePort: 0, tablePort: 0 });
    container = new ContainerClient(azurite.connectionString, 'checkpoints');
    await container.create();
    store = new BlobCheckpointStore(container);
  });
  afterAll(async () => {
    await azurite.stop();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  /** A hub of 60 events, and a host that holds its partition and is done with these numbers. */
  async function standing(
    t: { onTestFinished(step: () => Promise<void>): void },
    consumerGroup: string,
    { checkpoint, processed }: { checkpoint?: number; processed: readonly [from: number, to: number] },
    Checkpoints = HostCheckpoints,
  ) {
    const database = await testDatabase(t);
    const data = mkdtempSync(join(directory, 'hub-'));
    const emulator = await startEmulator({
      port: 0,
      directory: data,
      hubs: [{ name: TOPIC, partitions: 1 }],
    });
    t.onTestFinished(() => emulator.stop());
    const producer = new EventHubProducerClient(emulator.connectionString, TOPIC);
    const bodies = Array.from({ length: EVENTS }, (_, index) => ({ body: entry(`tx-${index}`) }));
    await producer.sendBatch(bodies, { partitionId: '0' });
    await producer.close();
    const hub = new HubReader(hubConnector({ connectionString: emulator.connectionString }));
    const [from, to] = processed;
    await hub.read(TOPIC, 0, { from, to }, async (events) => {
      await ingest(rulesFor(database.pool, 'ledger'), events);
      return true;
    });
    const checkpoints = new Checkpoints({
      connect: async () => container,
      namespace: 'space',
      consumerGroup,
    });
    await store.claimOwnership([{ ...HOST, consumerGroup, ownerId: 'host-a' }]);
    if (checkpoint !== undefined) {
      const at = { sequenceNumber: checkpoint, offset: String(checkpoint) };
      await store.updateCheckpoint({ ...HOST, consumerGroup, ...at });
    }
    const context = { database: database.pool, hub, checkpoints, actor: 'jo' };
    return {
      ...{ database, emulator, checkpoints, context },
      move: () => movePastProcessed(context, TOPIC, 0),
      owner: async () => (await checkpoints.ownership(TOPIC, 0))?.owner,
      at: async () => (await checkpoints.checkpoint(TOPIC, 0))?.sequenceNumber,
    };
  }

  /** As the timer leaves it. */
  const asked = ({ pool }: TestDatabase, next: number, askedTo: number) =>
    withConnection(pool, (client) =>
      writeStandingPartitions(client, [
        {
          ...{ topic: TOPIC, partition: 0, next, owner: 'host-a', standsFor: 60, seenAgo: 0 },
          ...{ askedTo, askedAgo: 30, movedAgo: null, moves: 0 },
        },
      ]),
    );
  const audit = ({ rows }: TestDatabase) =>
    rows('SELECT action, result FROM sync.audit_log ORDER BY audit_id');

  it('once, by one of those who try at the same time; it is audited before and after', async (t) => {
    const { database, move, owner, at } = await standing(t, 'once', { checkpoint: 9, processed: [0, 39] });
    await asked(database, 10, 39);
    const results = await Promise.all([move(), move()]);
    results.push(await move());
    assert.deepEqual(
      results.filter(({ moved }) => moved),
      [{ moved: true, released: true, from: 9, to: 39 }],
    );
    assert.deepEqual([await at(), await owner()], [39, '']);
    const result = '{"to": 39, "from": 9}';
    assert.deepEqual(await audit(database), [
      { action: 'checkpoint skip begun', result },
      { action: 'checkpoint skip', result },
    ]);
    const [state] = await readStandingPartitions(database.pool);
    assert.deepEqual([state?.askedTo, state?.moves], [null, 1]);
  });

  it('is audited also where PostgreSQL goes away behind the move', async (t) => {
    const { database, move, at } = await standing(t, 'away', { checkpoint: 9, processed: [0, 39] });
    await database.pool.query('ALTER TABLE sync.standing_partitions RENAME TO away');
    await assert.rejects(move());
    assert.equal(await at(), 39);
    assert.deepEqual(
      (await audit(database)).map(({ action }) => action),
      ['checkpoint skip begun'],
    );
  });

  it('says that the checkpoint was moved where its owner keeps the partition, and goes on with that', async (t) => {
    const place = [t, 'kept', { checkpoint: 9, processed: [0, 39] }] as const;
    const { database, move, context, checkpoints } = await standing(...place, RenewedCheckpoints);
    await asked(database, 10, 39);
    assert.deepEqual(await move(), { moved: true, released: false, from: 9, to: 39 });
    assert.deepEqual((await audit(database)).at(-1)?.['result'], '{"to": 39, "from": 9, "released": false}');
    const free = new HostCheckpoints({
      connect: async () => container,
      ...{ namespace: 'space', consumerGroup: 'kept' },
    });
    const released = await moveRepaired({ ...context, checkpoints: free });
    assert.deepEqual(released, [{ topic: TOPIC, partition: 0, moved: true, to: 39 }]);
    assert.equal((await checkpoints.ownership(TOPIC, 0))?.owner, '');
  });

  it('from the first number that the hub still holds', async (t) => {
    const { emulator, move, at } = await standing(t, 'later', { checkpoint: 9, processed: [20, 39] });
    emulator.expire(TOPIC, 0, 20);
    assert.deepEqual(await move(), { moved: true, released: true, from: 9, to: 39 });
    assert.equal(await at(), 39);
  });

  for (const [what, first] of [
    ['the hub holds nothing of it', 40],
    ['the hub holds nothing at all', EVENTS],
  ] as const) {
    it(`reads from its beginning where ${what} any more`, async (t) => {
      const last = first - 1;
      const group = `gone-${first}`;
      const { emulator, move, at, owner } = await standing(t, group, { checkpoint: 9, processed: [0, last] });
      emulator.expire(TOPIC, 0, first);
      assert.deepEqual(await move(), { moved: true, released: true, from: 9, to: last });
      assert.deepEqual([await at(), await owner()], [undefined, '']);
    });
  }

  it('also where its first events of all were past their retention before they could be repaired', async (t) => {
    const { emulator, context, database, owner } = await standing(t, 'first', { processed: [30, 59] });
    emulator.expire(TOPIC, 0, 30);
    await asked(database, 0, 59);
    assert.deepEqual(await moveRepaired(context), [{ topic: TOPIC, partition: 0, moved: true, to: 59 }]);
    assert.equal(await owner(), '');
  });

  it('is no success where nobody has ever read', async (t) => {
    const { context } = await standing(t, 'right', { checkpoint: 9, processed: [0, 39] });
    const place = { connect: async () => container, namespace: 'space', consumerGroup: 'wrong' };
    const elsewhere = { ...context, checkpoints: new HostCheckpoints(place) };
    assert.deepEqual(await movePastProcessed(elsewhere, TOPIC, 0), { moved: false, reason: 'unread' });
  });

  it('a former checkpoint is looked for in the hub only where it may be one', async (t) => {
    const { checkpoints } = await standing(t, 'former', { checkpoint: 9, processed: [0, 9] });
    let asked = 0;
    const hub = new HubReader(() => Promise.reject(new Error(`question ${++asked}`)));
    const known = { topic: TOPIC, partition: 0 };
    assert.deepEqual(await forgetFormer({ hub, checkpoints }, [{ ...known, last: 9 }]), []);
    assert.equal(asked, 0);
    assert.equal((await forgetFormer({ hub, checkpoints }, [{ ...known, last: 8 }]))[0]?.forgotten, false);
    assert.equal(asked, 1);
  });
});
