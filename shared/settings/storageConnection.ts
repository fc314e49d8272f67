import type { Environment } from './report.ts';

/** The storage account of the Function App: by a connection string, or as the address of its queues for an identity. */
export type StorageSettings = { readonly connectionString: string } | { readonly queueServiceUri: string };

/**
 * `AzureWebJobsStorage`, or its identity form `AzureWebJobsStorage__accountName` or `__queueServiceUri`; `undefined`
 * where there is none. The host alone uses its blobs.
 */
export function storageSettings(environment: Environment): StorageSettings | undefined {
  const value = (name: string) => environment[name]?.trim() ?? '';
  const connectionString = value('AzureWebJobsStorage');
  if (connectionString !== '') return { connectionString };
  const account = value('AzureWebJobsStorage__accountName');
  const queueServiceUri =
    value('AzureWebJobsStorage__queueServiceUri') || (account && `https://${account}.queue.core.windows.net`);
  return queueServiceUri === '' ? undefined : { queueServiceUri: queueServiceUri.replace(/\/$/, '') };
}
