import type { ContainerClient } from '@azure/storage-blob';
import { identityCredential } from './identityCredential.ts';
import type { Environment } from './report.ts';

/**
 * The storage account of the Function App: by a connection string, or as the addresses of its queues and blobs for an
 * identity. Only who moves a checkpoint needs its blobs; without their address nobody does.
 */
export type StorageSettings =
  | { readonly connectionString: string }
  | {
      readonly queueServiceUri: string;
      readonly blobServiceUri: string | undefined;
      readonly clientId: string;
    };

/** The container in which the Event Hubs extension keeps ownerships and checkpoints. */
const CHECKPOINT_CONTAINER = 'azure-webjobs-eventhub';

/**
 * `AzureWebJobsStorage`, or its identity form `AzureWebJobsStorage__accountName` or `__queueServiceUri` and `__blobServiceUri`,
 * with `__clientId` for a user-assigned one; `undefined` where there is none.
 */
export function storageSettings(environment: Environment): StorageSettings | undefined {
  const value = (name: string) => environment[name]?.trim() ?? '';
  const connectionString = value('AzureWebJobsStorage');
  if (connectionString !== '') return { connectionString };
  const account = value('AzureWebJobsStorage__accountName');
  const address = (service: string) =>
    (
      value(`AzureWebJobsStorage__${service}ServiceUri`) ||
      (account && `https://${account}.${service}.core.windows.net`)
    ).replace(/\/$/, '');
  const queueServiceUri = address('queue');
  if (queueServiceUri === '') return undefined;
  return {
    queueServiceUri,
    blobServiceUri: address('blob') || undefined,
    clientId: value('AzureWebJobsStorage__clientId'),
  };
}

/** Makes the client of the container with the checkpoints; `undefined` where the settings do not say where it is. */
export function checkpointContainer(
  storage: StorageSettings | undefined,
): (() => Promise<ContainerClient>) | undefined {
  if (storage === undefined) return undefined;
  if ('connectionString' in storage) {
    const { connectionString } = storage;
    return async () => {
      const { ContainerClient } = await import('@azure/storage-blob');
      return new ContainerClient(connectionString, CHECKPOINT_CONTAINER, RETRIES);
    };
  }
  const { blobServiceUri, clientId } = storage;
  if (blobServiceUri === undefined) return undefined;
  return async () => {
    const { ContainerClient } = await import('@azure/storage-blob');
    const credential = await identityCredential(clientId);
    return new ContainerClient(`${blobServiceUri}/${CHECKPOINT_CONTAINER}`, credential, RETRIES);
  };
}

/** The timer, or somebody, waits: what does not work is tried again by the next run. */
const RETRIES = { retryOptions: { maxTries: 2, retryDelayInMs: 500, tryTimeoutInMs: 10_000 } };
