import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  eventHubsConnectionString,
  localCloudFrom,
  postgresUrl,
  storageConnectionString,
} from '../../../tools/target/localCloud.ts';

test('the local cloud has addresses without any setting', () => {
  const { stateDirectory, ...addresses } = localCloudFrom({});
  assert.match(stateDirectory, /\/\.local$/);
  assert.deepEqual(addresses, {
    postgres: { port: 55432 },
    storage: { blobPort: 10000, queuePort: 10001, tablePort: 10002 },
    eventHubs: { port: 5672, kafkaPort: 9092, kafkaLimits: 'service' },
    view: { port: 7080 },
  });
});

test('settings move it', () => {
  const cloud = localCloudFrom({ LOCAL_STATE_DIRECTORY: '/tmp/x', LOCAL_QUEUE_PORT: '20001' });
  assert.equal(cloud.stateDirectory, '/tmp/x');
  assert.equal(cloud.storage.queuePort, 20001);
});

test('a port that is none is refused by the name of its setting', () => {
  for (const value of ['abc', '0', '65536', '-1', '1.5', '1e3']) {
    assert.throws(
      () => localCloudFrom({ LOCAL_EVENT_HUBS_PORT: value }),
      (error: Error) => error.message.includes('LOCAL_EVENT_HUBS_PORT') && error.message.includes(value),
    );
  }
});

test('connection strings and URLs lead to the ports', () => {
  assert.equal(postgresUrl(5), 'postgresql://postgres:postgres@127.0.0.1:5/backoffice');
  assert.equal(postgresUrl(5, 'a b', 'u', 'p@/'), 'postgresql://u:p%40%2F@127.0.0.1:5/a%20b');
  assert.match(
    storageConnectionString({ blobPort: 1, queuePort: 2, tablePort: 3 }),
    /BlobEndpoint=http:\/\/127\.0\.0\.1:1\/devstoreaccount1;Queue.*:2\/.*;Table.*:3\//,
  );
  assert.match(eventHubsConnectionString(5672), /^Endpoint=sb:\/\/127\.0\.0\.1;/);
  assert.match(
    eventHubsConnectionString(1234),
    /^Endpoint=sb:\/\/127\.0\.0\.1:1234;.*UseDevelopmentEmulator=true;$/,
  );
});
