import { fileURLToPath } from 'node:url';
import { type RunningChild, startChild } from './childProcess.ts';

/** The app folder to run, the host's name in checkpoints and messages, and the app's settings. */
export interface HostOptions {
  app: string;
  name: string;
  /** Added to this process's environment. */
  settings: Readonly<NodeJS.ProcessEnv>;
  /** Receives the host's log records, one JSON object a line. */
  logFile: string;
}

const PROGRAM = fileURLToPath(new URL('../host/main.ts', import.meta.url));

/**
 * What a Function App has in `languageWorkers__node__arguments`: a batch outgrows Node's default young generation, and
 * what survives it is collected at several times the cost.
 */
const NODE_ARGUMENTS = ['--max-semi-space-size=32'];

/** Starts a local Functions host as a child process; ready when the app is loaded and its triggers listen. */
export function startHostProcess({ app, name, settings, logFile }: HostOptions): Promise<RunningChild> {
  return startChild({
    name: `The Functions host ${name}`,
    command: [process.execPath, ...NODE_ARGUMENTS, PROGRAM, '--app', app, '--name', name],
    logFile,
    environment: { ...process.env, ...settings },
    isReady: (output) => output().includes('{"ready":true'),
    readyWithinMs: 60_000,
    stopBy: 'disconnect',
    // More than the host needs to let invocations end and to release its partitions.
    stopWithinMs: 15_000,
  });
}
