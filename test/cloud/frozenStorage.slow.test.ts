import assert from 'node:assert/strict';
import { test } from 'vitest';
import { CheckpointError, HostCheckpoints } from '../../shared/checkpoints/hostCheckpoints.ts';
import { checkpointContainer } from '../../shared/settings/storageConnection.ts';
import { frozenServer } from '../support/frozenServer.ts';

test('a storage that takes the connection and never answers is one that is away', async (t) => {
  const port = await frozenServer(t);
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:${port}/a;`;
  const checkpoints = new HostCheckpoints({
    connect: checkpointContainer({ connectionString })!,
    namespace: 'n',
    consumerGroup: 'g',
  });
  await assert.rejects(checkpoints.checkpoint('topic', 0), CheckpointError);
});
