/**
 * The emulator as a process of its own:
 *   node tools/local/emulator/main.ts --port 5672 --kafka-port 9092 --directory .local/event-hubs --hub ledger:4 --hub orders:4
 * Prints {"ready":true,"port":N} when it accepts connections. Ends with code 0 on SIGTERM and SIGINT, and when the
 * parent that it has an IPC channel to is gone; with code 1 when it cannot start.
 */
import { parseArgs } from 'node:util';
import { type EmulatorOptions, type HubDefinition, startEmulator } from './emulator.ts';

const MAX_PORT = 65_535;

function readOptions(args: string[]): EmulatorOptions {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string' },
      'kafka-port': { type: 'string' },
      'kafka-limits': { type: 'string' },
      directory: { type: 'string' },
      hub: { type: 'string', multiple: true },
    },
  });
  if (values.port === undefined) throw new Error('--port is missing.');
  const port = readPort('--port', values.port);
  const kafka = values['kafka-port'];
  const limits = values['kafka-limits'] ?? 'service';
  if (limits !== 'service' && limits !== 'none') {
    throw new Error('--kafka-limits is service or none.');
  }
  if (values.directory === undefined) throw new Error('--directory is missing.');
  if (values.hub === undefined) throw new Error('--hub NAME:PARTITIONS is missing.');
  return {
    port,
    ...(kafka === undefined ? {} : { kafkaPort: readPort('--kafka-port', kafka) }),
    kafkaLimits: limits,
    directory: values.directory,
    hubs: values.hub.map(readHub),
  };
}

function readPort(option: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return port;
  throw new Error(`${option} needs a number from 0 to ${MAX_PORT}; 0 takes any free port.`);
}

function readHub(text: string): HubDefinition {
  const match = /^([^:]+):(\d+)$/.exec(text);
  if (!match) throw new Error(`--hub ${text} does not have the form NAME:PARTITIONS.`);
  return { name: match[1]!, partitions: Number(match[2]) };
}

async function main(): Promise<void> {
  // Listened for from the beginning: a parent can disappear while the logs are read.
  const stopRequested = new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
    process.once('disconnect', resolve);
  });
  const emulator = await startEmulator(readOptions(process.argv.slice(2)));
  console.log(JSON.stringify({ ready: true, port: emulator.port }));
  await stopRequested;
  await emulator.stop();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
