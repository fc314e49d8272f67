import assert from 'node:assert/strict';
import { test } from 'vitest';
import { BrokerState } from '../../shared/metrics/brokerState.ts';
import { HubError, HubReader } from '../../shared/replay/hubReader.ts';
import { hubConnector } from '../../shared/settings/eventHubsConnection.ts';
import { frozenServer } from '../support/frozenServer.ts';

test('a broker that takes the connection and never answers is one that is away', async (t) => {
  const port = await frozenServer(t);
  const connect = hubConnector({
    connectionString: `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=k;SharedAccessKey=v;UseDevelopmentEmulator=true;`,
  });
  await assert.rejects(new HubReader(connect, 300).heldNumbers('hub'), HubError);
  const { unreachable, partitions } = await new BrokerState(connect, 300).read(['hub']);
  assert.deepEqual([[...unreachable.keys()], partitions], [['hub'], []]);
});
