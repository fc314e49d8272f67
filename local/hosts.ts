import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RunningChild, startChild } from './processes/childProcess.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = fileURLToPath(new URL('./host/main.ts', import.meta.url));

/** Functions hosts that share the partitions of the hubs. */
export interface Hosts {
  /** Process ids of those that run now. */
  readonly pids: readonly number[];
  /** How often a host that had died was started again. */
  readonly restarts: number;
  /** Ends every host at once, without a chance to finish anything. */
  killAll(): void;
  stop(): Promise<void>;
}

/**
 * Starts host processes, each with the built app. One that dies is started again, as Azure does: what it had not
 * checkpointed is delivered again.
 */
export async function startHosts(
  count: number,
  environment: NodeJS.ProcessEnv,
  logDirectory: string,
  progress: (line: string) => void,
): Promise<Hosts> {
  const running = new Map<number, RunningChild>();
  let stopping = false;
  let restarts = 0;

  const start = async (number: number): Promise<void> => {
    const host = await startChild({
      name: `Functions host ${number}`,
      command: [process.execPath, PROGRAM, '--app', ROOT, '--name', `host-${number}`],
      environment,
      logFile: join(logDirectory, `host-${number}.log`),
      isReady: (output) => output().includes('"ready":true'),
      readyWithinMs: 60_000,
      stopBy: 'disconnect',
      stopWithinMs: 20_000,
    });
    running.set(number, host);
    void host.ended.then(async (how) => {
      running.delete(number);
      if (stopping) return;
      progress(`Functions host ${number} ${how}; it is started again.`);
      restarts++;
      await delay(1000);
      if (!stopping) await start(number).catch((error: Error) => progress(error.message));
    });
  };
  const stop = async () => {
    stopping = true;
    await Promise.all([...running.values()].map((host) => host.stop()));
  };
  try {
    await Promise.all(Array.from({ length: count }, (_, index) => start(index + 1)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get pids() {
      return [...running.values()].map((host) => host.pid);
    },
    get restarts() {
      return restarts;
    },
    killAll: () => {
      for (const host of running.values()) host.kill('SIGKILL');
    },
    stop,
  };
}
