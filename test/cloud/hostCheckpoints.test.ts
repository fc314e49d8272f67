import assert from 'node:assert/strict';
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob';
import { ContainerClient } from '@azure/storage-blob';
import { beforeAll, describe, it } from 'vitest';
import { CheckpointError } from '../../shared/checkpoints/hostCheckpoints.ts';
import { checkpointsOf } from '../../shared/checkpoints/ofSettings.ts';

// Held against Microsoft's own store of checkpoints, on Azurite.

const NAMESPACE = 'Name.servicebus.windows.net';
const GROUP = `Group-${process.pid}`;
const HUB = 'Ledger.Entry';
const PLACE = { fullyQualifiedNamespace: NAMESPACE, eventHubName: HUB, consumerGroup: GROUP };

const storage = () => process.env['TEST_STORAGE_CONNECTION_STRING']!;
const checkpoints = (connectionString = storage()) =>
  checkpointsOf({
    eventHubs: {
      connectionString: `Endpoint=sb://${NAMESPACE}/;SharedAccessKeyName=name;SharedAccessKey=key`,
    },
    consumerGroup: GROUP,
    storage: { connectionString },
  })!;

describe('the checkpoints of a host', () => {
  let store: BlobCheckpointStore;
  beforeAll(async () => {
    const container = new ContainerClient(storage(), 'azure-webjobs-eventhub');
    await container.createIfNotExists();
    store = new BlobCheckpointStore(container);
  });

  it('are none where nobody has held the partition', async () => {
    assert.equal(await checkpoints().ownership(HUB, 9), undefined);
    assert.equal(await checkpoints().checkpoint(HUB, 9), undefined);
  });

  it('an ownership is released, unless its owner has renewed it meanwhile; the owner notices', async () => {
    const claim = (etag?: string) =>
      store.claimOwnership([
        { ...PLACE, partitionId: '1', ownerId: 'host-a', ...(etag !== undefined && { etag }) },
      ]);
    const [first] = await claim();
    const before = (await checkpoints().ownership(HUB, 1))!;
    assert.equal(before.owner, 'host-a');
    assert.ok(before.renewedAgo >= 0 && before.renewedAgo < 3600);
    const [renewed] = await claim(first!.etag);
    assert.equal(await checkpoints().release(HUB, 1, before), false);
    assert.equal((await checkpoints().ownership(HUB, 1))?.owner, 'host-a');

    assert.equal(await checkpoints().release(HUB, 1, (await checkpoints().ownership(HUB, 1))!), true);
    assert.equal((await checkpoints().ownership(HUB, 1))?.owner, '');
    assert.deepEqual(await claim(renewed!.etag), [], 'its next renewal fails');
    const [listed] = await store.listOwnership(NAMESPACE, HUB, GROUP);
    assert.deepEqual([listed?.partitionId, listed?.ownerId], ['1', '']);
  });

  it('a checkpoint is moved, unless somebody has written one meanwhile; a host then reads from there', async () => {
    const at = (sequenceNumber: number) => ({ sequenceNumber, offset: String(sequenceNumber * 10) });
    const read = async () => (await checkpoints().checkpoint(HUB, 2))!;
    assert.equal(await checkpoints().move(HUB, 2, undefined, at(5)), true);
    assert.equal(await checkpoints().move(HUB, 2, undefined, at(6)), false, 'there is one by now');
    const moved = await read();
    assert.deepEqual([moved.sequenceNumber, moved.wasMoved], [5, true]);
    const [listed] = await store.listCheckpoints(NAMESPACE, HUB, GROUP);
    assert.deepEqual([listed?.sequenceNumber, listed?.offset], [5, '50']);

    await store.updateCheckpoint({ ...PLACE, partitionId: '2', ...at(7) });
    assert.equal(await checkpoints().move(HUB, 2, moved, at(8)), false);
    const written = await read();
    assert.deepEqual([written.sequenceNumber, written.wasMoved], [7, false]);
    assert.equal(await checkpoints().move(HUB, 2, written, at(8)), true);
    assert.equal((await read()).sequenceNumber, 8);
  });

  it('what is gone can neither be moved, nor forgotten, nor released; what has no number is said', async () => {
    const at = { sequenceNumber: 5, offset: '50' };
    await store.claimOwnership([{ ...PLACE, partitionId: '3', ownerId: 'host-a' }]);
    await checkpoints().move(HUB, 3, undefined, at);
    const before = (await checkpoints().checkpoint(HUB, 3))!;
    const ownership = (await checkpoints().ownership(HUB, 3))!;
    const folder = [NAMESPACE, HUB, GROUP].join('/').toLowerCase();
    const container = new ContainerClient(storage(), 'azure-webjobs-eventhub');
    await container.deleteBlob(`${folder}/checkpoint/3`);
    await container.deleteBlob(`${folder}/ownership/3`);
    assert.equal(await checkpoints().move(HUB, 3, before, at), false);
    assert.equal(await checkpoints().forget(HUB, 3, before), false);
    assert.equal(await checkpoints().release(HUB, 3, ownership), false);
    await container.getBlockBlobClient(`${folder}/checkpoint/3`).upload('', 0);
    await assert.rejects(checkpoints().checkpoint(HUB, 3), CheckpointError);
  });

  it('what the storage refuses is said with its reason', async () => {
    const wrong = storage().replace(/AccountKey=[^;]+/, `AccountKey=${Buffer.alloc(32).toString('base64')}`);
    await assert.rejects(checkpoints(wrong).ownership(HUB, 1), (error) => {
      assert.ok(error instanceof CheckpointError);
      assert.match(error.message, /can't be used \((AuthorizationFailure|AuthenticationFailed|403)\)/);
      return true;
    });
  });
});
