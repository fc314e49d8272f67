import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'vitest';
import { BrokerState } from '../../shared/metrics/brokerState.ts';
import { HubError, HubReader } from '../../shared/replay/hubReader.ts';
import { hubConnector } from '../../shared/settings/eventHubsConnection.ts';

test('a broker that takes the connection and never answers is one that is away', async (t) => {
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
  const connect = hubConnector({
    connectionString: `Endpoint=sb://127.0.0.1:${(server.address() as AddressInfo).port};SharedAccessKeyName=k;SharedAccessKey=v;UseDevelopmentEmulator=true;`,
  });
  await assert.rejects(new HubReader(connect, 300).heldNumbers('hub'), HubError);
  const { unreachable, partitions } = await new BrokerState(connect, 300).read(['hub']);
  assert.deepEqual([[...unreachable.keys()], partitions], [['hub'], []]);
});
