import { join, resolve } from 'node:path';
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob';
import { BlobServiceClient } from '@azure/storage-blob';
import { type App, type Registration, supplyCoreApi } from './coreApi.ts';
import { EventHubListener } from './eventHubListener.ts';
import { type EventHubsSettings, readEventHubsSettings } from './hostJson.ts';
import { runHooks } from './invocation.ts';
import { loadApp } from './loadApp.ts';
import type { Log } from './log.ts';
import { readRetryPolicy } from './retryPolicy.ts';
import { connectionString, isEventHubTrigger, readEventHubTrigger } from './triggerSettings.ts';

/** The container in which the real host keeps ownerships and checkpoints too. */
const CHECKPOINT_CONTAINER = 'azure-webjobs-eventhub';

/** A Functions host that runs an app. */
export interface Host {
  /** The functions that it runs. */
  functions: string[];
  /** Lets running invocations end, releases partitions, and runs the app's hooks for its end. */
  stop(): Promise<void>;
}

/**
 * Loads the app in `directory` and runs its Event Hubs triggers. Settings come from the environment, as in a
 * Function App. Throws what the app throws while it is loaded, and an error for every setting that is missing.
 */
export async function startHost(directory: string, hostName: string, log: Log): Promise<Host> {
  const folder = resolve(directory);
  const app = supplyCoreApi(log);
  const settings = readEventHubsSettings(join(folder, 'host.json'), log);
  await loadApp(folder, app);
  const runs = app.functions.filter((registration) => canRun(registration, log));
  // Resolved before anything starts: a host with half of its functions would look healthy.
  const prepared = runs.map((registration) => prepare(app, registration, log));
  await runHooks(app.hooks.appStart, appHookContext(app, folder));
  const listeners = prepared.length > 0 ? await listen(hostName, prepared, settings) : [];
  return {
    functions: runs.map(({ metadata }) => metadata.name),
    async stop() {
      await Promise.all(listeners.map((listener) => listener.stop()));
      await runHooks(app.hooks.appTerminate, appHookContext(app, folder));
    },
  };
}

function canRun({ metadata }: Registration, log: Log): boolean {
  const triggers = Object.values(metadata.bindings).map(({ type }) => type);
  if (triggers.some(isEventHubTrigger)) return true;
  const types = triggers.join(', ');
  log(
    'warning',
    'Host.Startup',
    `Function ${metadata.name} (${types}) is not run: this host has no such trigger.`,
  );
  return false;
}

function prepare(app: App, registration: Registration, log: Log) {
  const { metadata } = registration;
  const trigger = readEventHubTrigger(metadata, process.env);
  const retry = readRetryPolicy(metadata.name, metadata.retryOptions);
  return { trigger, batchFunction: { app, registration, bindingName: trigger.bindingName, retry, log } };
}

async function listen(hostName: string, prepared: ReturnType<typeof prepare>[], settings: EventHubsSettings) {
  const storage = connectionString('AzureWebJobsStorage', process.env);
  const container = BlobServiceClient.fromConnectionString(storage).getContainerClient(CHECKPOINT_CONTAINER);
  await container.createIfNotExists();
  return prepared.map(
    ({ trigger, batchFunction }) =>
      new EventHubListener(hostName, batchFunction, trigger, settings, new BlobCheckpointStore(container)),
  );
}

function appHookContext(app: App, functionAppDirectory: string): Record<string, unknown> {
  return { hookData: app.appHookData, appHookData: app.appHookData, functionAppDirectory };
}
