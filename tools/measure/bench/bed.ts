import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RECORD_TOPICS, type RecordTopic } from '../../../shared/contracts/fields.ts';
import { readSettings, type Settings } from '../../../shared/settings/settings.ts';
import { FUNCTIONS_LOGIN, prepareDatabase } from '../../local/cloud.ts';
import { startAzurite } from '../../local/processes/azurite.ts';
import type { RunningChild } from '../../local/processes/childProcess.ts';
import { startEmulatorProcess } from '../../local/processes/emulatorProcess.ts';
import { startHostProcess } from '../../local/processes/hostProcess.ts';
import { startPostgres } from '../../local/processes/postgres.ts';
import { buildFunctions } from '../../package/build.ts';
import { LOCAL_POSTGRES } from '../../target/localCloud.ts';
import { POSTGRES_SETTINGS } from './database.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** An empty local cloud on free ports; disposing it ends every process and removes every file. */
export interface Bed extends AsyncDisposable {
  /** The superuser's URL of the database. */
  readonly adminUrl: string;
  /** The connection string of the hubs. */
  readonly eventHubs: string;
  readonly topics: Settings['topics'];
  /** Starts a host with the built app, all functions; it reads from the first event on. */
  startHost(): Promise<RunningChild>;
}

/** Builds the app and starts PostgreSQL, Azurite and the emulator, with that many partitions for each topic's hub. */
export async function startBed(partitions: Readonly<Record<RecordTopic, number>>): Promise<Bed> {
  await using started = new AsyncDisposableStack();
  await buildFunctions();
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  started.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    port: 0,
    settings: POSTGRES_SETTINGS,
  });
  started.defer(() => postgres.stop());
  await prepareDatabase(postgres);
  const storage = { blobPort: 0, queuePort: 0, tablePort: 0 };
  const azurite = await startAzurite({ directory: join(directory, 'azurite'), ...storage });
  started.defer(() => azurite.stop());

  const environment = {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: azurite.connectionString,
    EVENT_HUBS_CONSUMER_GROUP: 'bench',
    DATABASE_URL: postgres.url(LOCAL_POSTGRES.database, FUNCTIONS_LOGIN.user, FUNCTIONS_LOGIN.password),
  };
  // The namespace's port is only known once it runs, and it needs the hubs' names to start.
  const { topics } = readSettings({ ...environment, EventHubs: 'Endpoint=sb://127.0.0.1' });
  const emulator = await startEmulatorProcess({
    directory: join(directory, 'event-hubs'),
    port: 0,
    hubs: RECORD_TOPICS.map((topic) => ({ name: topics[topic], partitions: partitions[topic] })),
  });
  started.defer(() => emulator.stop());

  const running = started.move();
  return {
    adminUrl: postgres.url(LOCAL_POSTGRES.database),
    eventHubs: emulator.connectionString,
    topics,
    async startHost() {
      const host = await startHostProcess({
        app: ROOT,
        name: 'bench',
        settings: { ...environment, EventHubs: emulator.connectionString },
        logFile: join(directory, 'host.log'),
      });
      running.defer(() => host.stop());
      return host;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
