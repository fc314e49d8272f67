import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventHubsConnectionString } from '../../target/localCloud.ts';
import type { LimitsName } from '../emulator/kafka/limits.ts';
import { type RestartableChild, startChild, startRestartable } from './childProcess.ts';
import { claimPort } from './ports.ts';

/** Where the emulator keeps its log, its ports (0: a free one; without a port no Kafka endpoint) and its hubs. */
export interface EmulatorOptions {
  directory: string;
  port: number;
  kafkaPort?: number;
  /** What the Kafka endpoint takes; the service's limits without it. */
  kafkaLimits?: LimitsName;
  hubs: readonly { name: string; partitions: number }[];
}

/** A running Event Hubs emulator. */
export interface EmulatorProcess extends RestartableChild {
  port: number;
  kafkaPort: number | undefined;
  connectionString: string;
}

const PROGRAM = fileURLToPath(new URL('../emulator/main.ts', import.meta.url));

/** Starts the Event Hubs emulator as a child process; events stay in `directory`. */
export async function startEmulatorProcess(options: EmulatorOptions): Promise<EmulatorProcess> {
  const port = await claimPort({
    service: 'The Event Hubs emulator',
    port: options.port,
    setting: 'LOCAL_EVENT_HUBS_PORT',
  });
  const kafkaPort =
    options.kafkaPort === undefined
      ? undefined
      : await claimPort({
          service: 'The Kafka endpoint of the Event Hubs emulator',
          port: options.kafkaPort,
          setting: 'LOCAL_KAFKA_PORT',
        });
  const kafka =
    kafkaPort === undefined
      ? []
      : ['--kafka-port', String(kafkaPort), '--kafka-limits', options.kafkaLimits ?? 'service'];
  const hubs = options.hubs.flatMap(({ name, partitions }) => ['--hub', `${name}:${partitions}`]);
  const data = join(options.directory, 'data');
  const launch = () =>
    startChild({
      name: 'The Event Hubs emulator',
      command: [process.execPath, PROGRAM, '--port', String(port), '--directory', data, ...kafka, ...hubs],
      logFile: join(options.directory, 'emulator.log'),
      isReady: (output) => output().includes('"ready":true'),
      readyWithinMs: 30_000,
      stopBy: 'disconnect',
      stopWithinMs: 10_000,
    });
  const child = await startRestartable(launch);
  return Object.assign(child, { port, kafkaPort, connectionString: eventHubsConnectionString(port) });
}
