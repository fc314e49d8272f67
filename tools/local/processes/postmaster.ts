import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLineOf } from './runningProcess.ts';

const STOP_WITHIN_MS = 15_000;

/** Whether the PostgreSQL with this process id has written that it accepts connections. */
export function postmasterIsReady(dataDirectory: string, pid: number): boolean {
  const lines = readPidFile(dataDirectory);
  return lines[0] === String(pid) && lines[7] === 'ready';
}

/**
 * Stops the PostgreSQL that a killed parent left on this data directory. The process id in `postmaster.pid` may
 * have been given to another program since, so only a process that names this directory is touched.
 */
export async function stopLeftoverPostmaster(dataDirectory: string): Promise<void> {
  const pid = Number(readPidFile(dataDirectory)[0]);
  const runs = () => commandLineOf(pid)?.split(' ').includes(dataDirectory) === true;
  if (!Number.isInteger(pid) || pid < 2 || !runs()) return;
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + STOP_WITHIN_MS;
  while (runs()) {
    if (Date.now() > deadline) {
      throw new Error(`A PostgreSQL of an earlier run (process ${pid}) on ${dataDirectory} does not stop.`);
    }
    await delay(50);
  }
}

/** Lines: process id, data directory, start time, port, socket directory, address, shared memory, status. */
function readPidFile(dataDirectory: string): string[] {
  try {
    const text = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8');
    return text.split('\n').map((line) => line.trim());
  } catch {
    return [];
  }
}
