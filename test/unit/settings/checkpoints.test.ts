import assert from 'node:assert/strict';
import { test } from 'vitest';
import { namespaceOf } from '../../../shared/settings/eventHubsConnection.ts';
import { checkpointContainer, storageSettings } from '../../../shared/settings/storageConnection.ts';

test('the namespace under which a host keeps its checkpoints is the host name alone', () => {
  const key = 'SharedAccessKeyName=n;SharedAccessKey=k';
  assert.equal(
    namespaceOf({ namespace: 'n.servicebus.windows.net', clientId: '' }),
    'n.servicebus.windows.net',
  );
  for (const [connectionString, namespace] of [
    [`Endpoint=sb://n.servicebus.windows.net/;${key}`, 'n.servicebus.windows.net'],
    [`${key}; endpoint=sb://127.0.0.1:5672;UseDevelopmentEmulator=true;`, '127.0.0.1'],
    [`Endpoint=sb://127.0.0.1;${key}`, '127.0.0.1'],
  ] as const) {
    assert.equal(namespaceOf({ connectionString }), namespace);
  }
});

test('the blobs of the storage are found by the account, or by their own address, or not at all', () => {
  assert.deepEqual(storageSettings({ AzureWebJobsStorage: 'UseDevelopmentStorage=true' }), {
    connectionString: 'UseDevelopmentStorage=true',
  });
  assert.deepEqual(
    storageSettings({ AzureWebJobsStorage__accountName: 'acc', AzureWebJobsStorage__clientId: 'id' }),
    {
      queueServiceUri: 'https://acc.queue.core.windows.net',
      blobServiceUri: 'https://acc.blob.core.windows.net',
      clientId: 'id',
    },
  );
  const queues = storageSettings({ AzureWebJobsStorage__queueServiceUri: 'https://q.example/' });
  assert.deepEqual(queues, { queueServiceUri: 'https://q.example', blobServiceUri: undefined, clientId: '' });
  assert.equal(checkpointContainer(queues), undefined);
  assert.equal(checkpointContainer(storageSettings({})), undefined);
});
