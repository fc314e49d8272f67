import { fileURLToPath } from 'node:url';

/** Where the parts of the local cloud listen (all on 127.0.0.1) and where they keep their state. */
export interface LocalAddresses {
  stateDirectory: string;
  postgres: { port: number };
  storage: StoragePorts;
  eventHubs: { port: number; kafkaPort: number; kafkaLimits: 'service' | 'none' };
  /** The page of `npm start`, and the ingestion of metrics. */
  view: { port: number };
}

/** The three services of Azure Storage, one TCP port each. */
export interface StoragePorts {
  blobPort: number;
  queuePort: number;
  tablePort: number;
}

/** The login of the local PostgreSQL's superuser, and the database of the product. */
export const LOCAL_POSTGRES = { user: 'postgres', password: 'postgres', database: 'backoffice' } as const;

/** The login of the command line: a member of `bo_operator`. */
export const OPERATOR_LOGIN = { user: 'backoffice_operator', password: 'local' } as const;

const DEFAULT_STATE_DIRECTORY = fileURLToPath(new URL('../../.local', import.meta.url));

// Azurite's built-in account: its name and key are published, and the same on every machine.
const STORAGE_ACCOUNT = 'devstoreaccount1';
const STORAGE_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const AMQP_PORT = 5672;

/**
 * Reads the addresses of the local cloud; every one has a default and an environment variable that moves it.
 * Throws an error that names the variable when a value is not usable.
 */
export function localCloudFrom(environment: NodeJS.ProcessEnv): LocalAddresses {
  return {
    stateDirectory: environment['LOCAL_STATE_DIRECTORY'] || DEFAULT_STATE_DIRECTORY,
    postgres: { port: portFrom(environment, 'LOCAL_POSTGRES_PORT', 55432) },
    storage: {
      blobPort: portFrom(environment, 'LOCAL_BLOB_PORT', 10000),
      queuePort: portFrom(environment, 'LOCAL_QUEUE_PORT', 10001),
      tablePort: portFrom(environment, 'LOCAL_TABLE_PORT', 10002),
    },
    eventHubs: {
      port: portFrom(environment, 'LOCAL_EVENT_HUBS_PORT', AMQP_PORT),
      kafkaPort: portFrom(environment, 'LOCAL_KAFKA_PORT', 9092),
      kafkaLimits: limitsFrom(environment),
    },
    view: { port: portFrom(environment, 'LOCAL_VIEW_PORT', 7080) },
  };
}

/** The settings that a program has that uses the local cloud under this login. */
export function localEnvironment(
  addresses: LocalAddresses,
  { user, password }: { user: string; password: string },
): Record<string, string> {
  return {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: storageConnectionString(addresses.storage),
    EventHubs: eventHubsConnectionString(addresses.eventHubs.port),
    EVENT_HUBS_CONSUMER_GROUP: 'bo-sync-local-v1',
    CONTROL_TOPIC: 'sync.control.total',
    // Nothing waits in an outbox here.
    CONTROL_GRACE_SECONDS: '1',
    DATABASE_URL: postgresUrl(addresses.postgres.port, LOCAL_POSTGRES.database, user, password),
  };
}

function limitsFrom(environment: NodeJS.ProcessEnv): 'service' | 'none' {
  const limits = environment['LOCAL_KAFKA_LIMITS'] || 'service';
  if (limits === 'service' || limits === 'none') return limits;
  throw new Error(`LOCAL_KAFKA_LIMITS must be service or none, not "${limits}".`);
}

function portFrom(environment: NodeJS.ProcessEnv, name: string, byDefault: number): number {
  const text = environment[name];
  if (text === undefined || text === '') return byDefault;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new Error(`${name} must be a port from 1 to 65535, not "${text}".`);
  return port;
}

/** A URL for a PostgreSQL on this machine; by default the superuser and the product's database. */
export function postgresUrl(
  port: number,
  database: string = LOCAL_POSTGRES.database,
  user: string = LOCAL_POSTGRES.user,
  password: string = LOCAL_POSTGRES.password,
): string {
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return `postgresql://${login}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/** The value of `AzureWebJobsStorage` for an Azurite on these ports. */
export function storageConnectionString({ blobPort, queuePort, tablePort }: StoragePorts): string {
  const endpoint = (port: number) => `http://127.0.0.1:${port}/${STORAGE_ACCOUNT}`;
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${STORAGE_ACCOUNT}`,
    `AccountKey=${STORAGE_KEY}`,
    `BlobEndpoint=${endpoint(blobPort)}`,
    `QueueEndpoint=${endpoint(queuePort)}`,
    `TableEndpoint=${endpoint(tablePort)};`,
  ].join(';');
}

/** The connection string of an Event Hubs emulator on this port, as Microsoft's own emulator documents it. */
export function eventHubsConnectionString(port: number): string {
  const address = port === AMQP_PORT ? '127.0.0.1' : `127.0.0.1:${port}`;
  return (
    `Endpoint=sb://${address};SharedAccessKeyName=RootManageSharedAccessKey;` +
    'SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;'
  );
}
