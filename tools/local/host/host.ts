import { join, resolve } from 'node:path';
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { type App, type Registration, supplyCoreApi } from './coreApi.ts';
import { EventHubListener } from './eventHubListener.ts';
import {
  type EventHubsSettings,
  type QueuesSettings,
  readEventHubsSettings,
  readQueuesSettings,
} from './hostJson.ts';
import { runHooks } from './invocation.ts';
import { loadApp } from './loadApp.ts';
import type { Log } from './log.ts';
import { QueueListener } from './queueListener.ts';
import { readRetryPolicy } from './retryPolicy.ts';
import { SingletonLock } from './singletonLock.ts';
import { TimerListener } from './timerListener.ts';
import {
  connectionString,
  isEventHubTrigger,
  isQueueTrigger,
  isTimerTrigger,
  readEventHubTrigger,
  readQueueTrigger,
  readTimerTrigger,
} from './triggerSettings.ts';

/** The container in which the real host keeps ownerships and checkpoints too. */
const CHECKPOINT_CONTAINER = 'azure-webjobs-eventhub';
/** The container in which it keeps the locks of functions that run once over all hosts. */
const LOCK_CONTAINER = 'azure-webjobs-hosts';

/** A Functions host that runs an app. */
export interface Host {
  /** The functions that it runs. */
  functions: string[];
  /** Lets running invocations end, releases partitions, and runs the app's hooks for its end. */
  stop(): Promise<void>;
}

/**
 * Loads the app in `directory` and runs its Event Hubs, queue and timer triggers. Settings come from the environment, as in a
 * Function App. Throws what the app throws while it is loaded, and an error for every setting that is missing.
 */
export async function startHost(directory: string, hostName: string, log: Log): Promise<Host> {
  const folder = resolve(directory);
  const app = supplyCoreApi(log);
  const hostJson = join(folder, 'host.json');
  const settings = {
    hostName,
    eventHubs: readEventHubsSettings(hostJson, log),
    queues: readQueuesSettings(hostJson, log),
  };
  await loadApp(folder, app);
  // Resolved before anything starts: a host with half of its functions would look healthy.
  const prepared = app.functions.flatMap((registration) => {
    const start = prepareListener(app, registration, settings, log);
    return start === undefined ? [] : [{ name: registration.metadata.name, start }];
  });
  await runHooks(app.hooks.appStart, appHookContext(app, folder));
  const listeners: Listener[] = [];
  for (const { start } of prepared) listeners.push(await start());
  return {
    functions: prepared.map(({ name }) => name),
    async stop() {
      await Promise.all(listeners.map((listener) => listener.stop()));
      await runHooks(app.hooks.appTerminate, appHookContext(app, folder));
    },
  };
}

interface Listener {
  stop(): Promise<void>;
}

interface ListenerSettings {
  readonly hostName: string;
  readonly eventHubs: EventHubsSettings;
  readonly queues: QueuesSettings;
}

/** Reads a function's trigger; returns what starts to listen, or nothing where this host has no such trigger. */
function prepareListener(
  app: App,
  registration: Registration,
  settings: ListenerSettings,
  log: Log,
): (() => Promise<Listener>) | undefined {
  const { metadata } = registration;
  const types = Object.values(metadata.bindings).map(({ type }) => type);
  const retry = readRetryPolicy(metadata.name, metadata.retryOptions);
  if (types.some(isEventHubTrigger)) {
    const trigger = readEventHubTrigger(metadata, process.env);
    const runs = { app, registration, bindingName: trigger.bindingName, retry, log };
    return async () => {
      const store = new BlobCheckpointStore(await blobContainer(CHECKPOINT_CONTAINER));
      return new EventHubListener(settings.hostName, runs, trigger, settings.eventHubs, store);
    };
  }
  if (types.some(isQueueTrigger)) {
    const trigger = readQueueTrigger(metadata, process.env);
    const runs = { app, registration, bindingName: trigger.bindingName, log };
    return async () => new QueueListener(runs, trigger, settings.queues);
  }
  if (types.some(isTimerTrigger)) {
    const trigger = readTimerTrigger(metadata, process.env);
    const runs = { app, registration, bindingName: trigger.bindingName, log };
    return async () => {
      const lock = new SingletonLock(await blobContainer(LOCK_CONTAINER), metadata.name);
      return new TimerListener(runs, trigger, lock);
    };
  }
  const message = `Function ${metadata.name} (${types.join(', ')}) is not run: this host has no such trigger.`;
  log('warning', 'Host.Startup', message);
  return undefined;
}

async function blobContainer(name: string): Promise<ContainerClient> {
  const storage = connectionString('AzureWebJobsStorage', process.env);
  const container = BlobServiceClient.fromConnectionString(storage).getContainerClient(name);
  await container.createIfNotExists();
  return container;
}

function appHookContext(app: App, functionAppDirectory: string): Record<string, unknown> {
  return { hookData: app.appHookData, appHookData: app.appHookData, functionAppDirectory };
}
