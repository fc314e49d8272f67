import { join, resolve } from 'node:path';
import { type MigrationResult, migrate } from '../../infra/database/migrate.ts';
import { readSettings, type Settings } from '../../shared/settings/settings.ts';
import { LOCAL_POSTGRES, localCloudFrom, localEnvironment, OPERATOR_LOGIN } from '../target/localCloud.ts';
import { withClient } from '../target/withClient.ts';
import { type Azurite, startAzurite } from './processes/azurite.ts';
import { type EmulatorProcess, startEmulatorProcess } from './processes/emulatorProcess.ts';
import { type Keeper, keepRunning } from './processes/keepRunning.ts';
import { lockStateDirectory } from './processes/lock.ts';
import { type Postgres, startPostgres } from './processes/postgres.ts';

const PARTITIONS = 4;
const EMULATOR = 'The Event Hubs emulator';

/** The login of the functions: a member of `bo_sync`, so what they may not do fails here as it would in Azure. */
export const FUNCTIONS_LOGIN = { user: 'backoffice_functions', password: 'local' } as const;
/** Every login of the local cloud, and the role that it is a member of. */
const LOGINS = [
  { ...FUNCTIONS_LOGIN, role: 'bo_sync' },
  { ...OPERATOR_LOGIN, role: 'bo_operator' },
] as const;

/** PostgreSQL, Azurite and the Event Hubs emulator, running, with the schema in place. */
export interface LocalCloud {
  readonly stateDirectory: string;
  readonly postgres: Postgres;
  readonly azurite: Azurite;
  readonly emulator: EmulatorProcess;
  /** What a Function App that uses this cloud has in its settings. */
  readonly environment: NodeJS.ProcessEnv;
  readonly settings: Settings;
  /** The superuser's URL of the product's database. */
  readonly adminUrl: string;
  /** Rejects when one of the three ends although nobody stopped it, and is not started again. */
  readonly lost: Promise<never>;
  /** From now on, the emulator is started again when it ends by itself. */
  keepEmulator(): void;
  stop(): Promise<void>;
}

/**
 * Starts what the functions need, on 127.0.0.1, with its state under `.local/`. Settings of this process's
 * environment win, so `EVENT_PROFILE_ID` and the like can be tried out.
 * @throws where a setting is wrong (all are named), a port is taken, or another local cloud has the state.
 */
export async function startLocalCloud(progress: (line: string) => void): Promise<LocalCloud> {
  const addresses = localCloudFrom(process.env);
  const stateDirectory = resolve(addresses.stateDirectory);
  const environment = { ...localEnvironment(addresses, FUNCTIONS_LOGIN), ...process.env };
  const settings = readSettings(environment);
  const release = lockStateDirectory(stateDirectory);

  progress('Starting PostgreSQL, Azurite and the Event Hubs emulator ...');
  const hubs = Object.values(settings.topics).filter((topic) => topic !== '');
  const [postgres, azurite, emulator] = await allOrNone([
    startPostgres({ directory: join(stateDirectory, 'postgres'), port: addresses.postgres.port }),
    startAzurite({ directory: join(stateDirectory, 'azurite'), ...addresses.storage }),
    startEmulatorProcess({
      directory: join(stateDirectory, 'event-hubs'),
      ...addresses.eventHubs,
      hubs: hubs.map((name) => ({ name, partitions: PARTITIONS })),
    }),
  ]);
  let stopping = false;
  let keeper: Keeper | undefined;
  const { promise: lost, reject } = Promise.withResolvers<never>();
  // Whoever waits for it reports it; nobody has to.
  lost.catch(() => {});
  const tell = (name: string, how: string) => {
    if (!stopping) reject(new Error(`${name} ${how} in mid-run. Its log is in ${stateDirectory}.`));
  };
  void postgres.ended.then((how) => tell('PostgreSQL', how));
  void azurite.ended.then((how) => tell('Azurite', how));
  void emulator.ended.then((how) => {
    if (keeper === undefined) tell(EMULATOR, how);
  });
  const keepEmulator = () => {
    keeper = keepRunning(emulator, (how) => progress(`${EMULATOR} ${how}; it is started again.`));
    void keeper.givenUp.then((how) => tell(EMULATOR, how));
  };
  const stop = async () => {
    stopping = true;
    await Promise.all([postgres.stop(), azurite.stop(), (keeper ?? emulator).stop()]);
    release();
  };
  try {
    const { migrations, installed } = await prepareDatabase(postgres);
    if (migrations.length > 0) progress(`Migrated the database: ${migrations.join(', ')}.`);
    else if (installed) progress('Installed the functions of this version in the database.');
  } catch (error) {
    await stop();
    throw error;
  }
  const adminUrl = postgres.url(LOCAL_POSTGRES.database);
  const running = { stateDirectory, postgres, azurite, emulator, environment, settings, adminUrl };
  return { ...running, lost, keepEmulator, stop };
}

type Stoppable = { stop(): Promise<void> };

/** Waits for all; where one fails, the others are stopped again. */
async function allOrNone<T extends readonly Stoppable[]>(
  starts: {
    [I in keyof T]: Promise<T[I]>;
  },
): Promise<T> {
  const results = await Promise.allSettled(starts as readonly Promise<Stoppable>[]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return (await Promise.all(starts as readonly unknown[])) as unknown as T;
  await Promise.all(
    results.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)),
  );
  throw failed.reason;
}

/** Makes the database, its schema, functions and logins, where they are missing. */
export async function prepareDatabase(postgres: Postgres): Promise<MigrationResult> {
  await withClient(postgres.url('postgres'), async (client) => {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [LOCAL_POSTGRES.database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${LOCAL_POSTGRES.database}`);
  });
  const url = postgres.url(LOCAL_POSTGRES.database);
  // Whoever works on the functions has others under the same number all the time.
  const ran = await migrate(url, { replace: true });
  await withClient(url, async (client) => {
    for (const { user, password, role } of LOGINS) {
      const found = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
      if (found.rowCount === 0) {
        await client.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}' IN ROLE ${role}`);
      }
    }
  });
  return ran;
}

/** What a person needs to reach the local cloud with other tools. */
export function addressLines({
  postgres,
  azurite,
  emulator,
  stateDirectory,
  settings,
}: LocalCloud): string[] {
  return [
    `PostgreSQL   ${postgres.url(LOCAL_POSTGRES.database)}`,
    `Event Hubs   ${emulator.connectionString}`,
    `             ${Object.values(settings.topics).filter(Boolean).join(', ')}; ${PARTITIONS} partitions each`,
    `Kafka        127.0.0.1:${emulator.kafkaPort}, the same topics; SASL PLAIN, user $ConnectionString, that connection string`,
    `Storage      ${azurite.connectionString}`,
    `State, logs  ${stateDirectory}`,
  ];
}
