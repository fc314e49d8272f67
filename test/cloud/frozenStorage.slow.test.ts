import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'vitest';
import { CheckpointError, HostCheckpoints } from '../../shared/checkpoints/hostCheckpoints.ts';
import { checkpointContainer } from '../../shared/settings/storageConnection.ts';

test('a storage that takes the connection and never answers is one that is away', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:${port}/a;`;
  const checkpoints = new HostCheckpoints({
    connect: checkpointContainer({ connectionString })!,
    namespace: 'n',
    consumerGroup: 'g',
  });
  await assert.rejects(checkpoints.checkpoint('topic', 0), CheckpointError);
});
