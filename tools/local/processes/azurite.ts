import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StoragePorts, storageConnectionString } from '../../target/localCloud.ts';
import { type RestartableChild, startChild, startRestartable } from './childProcess.ts';
import { claimPort, portAnswers } from './ports.ts';

/** Where Azurite keeps its data, and its ports (0: a free one). */
export interface AzuriteOptions extends StoragePorts {
  directory: string;
}

/** A running Azurite. */
export interface Azurite extends StoragePorts, RestartableChild {
  connectionString: string;
}

const PROGRAM = fileURLToPath(new URL('../../../node_modules/azurite/dist/src/azurite.js', import.meta.url));

// Azurite closes its files on SIGTERM but does not notice that its parent is gone: this makes it notice.
const END_WITH_PARENT =
  "data:text/javascript,process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))";

/** Starts Azurite (blobs, queues, tables) as a child process; what is written to it stays in `directory`. */
export async function startAzurite(options: AzuriteOptions): Promise<Azurite> {
  const claim = (service: string, port: number, setting: string) =>
    claimPort({ service: `Azurite (${service})`, port, setting });
  const ports: StoragePorts = {
    blobPort: await claim('blobs', options.blobPort, 'LOCAL_BLOB_PORT'),
    queuePort: await claim('queues', options.queuePort, 'LOCAL_QUEUE_PORT'),
    tablePort: await claim('tables', options.tablePort, 'LOCAL_TABLE_PORT'),
  };
  const data = join(options.directory, 'data');
  mkdirSync(data, { recursive: true });
  const hosts = ['--blobHost', '127.0.0.1', '--queueHost', '127.0.0.1', '--tableHost', '127.0.0.1'];
  const portArguments = [
    '--blobPort',
    ports.blobPort,
    '--queuePort',
    ports.queuePort,
    '--tablePort',
    ports.tablePort,
  ];
  const launch = () =>
    startChild({
      name: 'Azurite',
      command: [
        process.execPath,
        '--import',
        END_WITH_PARENT,
        PROGRAM,
        '--location',
        data,
        '--silent',
        '--skipApiVersionCheck',
        '--disableTelemetry',
        ...hosts,
        ...portArguments.map(String),
      ],
      logFile: join(options.directory, 'azurite.log'),
      isReady: async () => (await Promise.all(Object.values(ports).map(portAnswers))).every(Boolean),
      readyWithinMs: 60_000,
      stopBy: 'disconnect',
      stopWithinMs: 10_000,
    });
  const child = await startRestartable(launch);
  return Object.assign(child, ports, { connectionString: storageConnectionString(ports) });
}
