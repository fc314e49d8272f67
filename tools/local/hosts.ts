import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RunningChild } from './processes/childProcess.ts';
import { startHostProcess } from './processes/hostProcess.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RESTART_AFTER_MS = 1000;

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
 * Starts host processes, each with the app of a folder: the built one, if no other is named. One that dies is started
 * again, as Azure does: what it had not checkpointed is delivered again.
 */
export async function startHosts(
  count: number,
  environment: NodeJS.ProcessEnv,
  logDirectory: string,
  progress: (line: string) => void,
  app: string = ROOT,
): Promise<Hosts> {
  const running = new Map<number, RunningChild>();
  let stopping = false;
  let restarts = 0;

  const start = async (number: number): Promise<void> => {
    const name = `host-${number}`;
    const logFile = join(logDirectory, `${name}.log`);
    running.set(number, await startHostProcess({ app, name, settings: environment, logFile }));
  };
  const keepRunning = async (number: number): Promise<void> => {
    for (;;) {
      const how = (await running.get(number)?.ended) ?? 'could not be started';
      running.delete(number);
      if (stopping) return;
      progress(`Functions host ${number} ${how}; it is started again.`);
      restarts++;
      await delay(RESTART_AFTER_MS);
      if (stopping) return;
      await start(number).catch((error: Error) => progress(error.message));
      // The wish to stop may have come while the host was not among those that run.
      if (stopping) await running.get(number)?.stop();
    }
  };
  const stopRunning = async () => {
    stopping = true;
    await Promise.all([...running.values()].map((host) => host.stop()));
  };

  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const failed = (await Promise.allSettled(numbers.map(start))).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') {
    await stopRunning();
    throw failed.reason;
  }
  const kept = Promise.all(numbers.map(keepRunning));
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
    async stop() {
      await stopRunning();
      await kept;
    },
  };
}
