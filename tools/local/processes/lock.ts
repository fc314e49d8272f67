import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLineOf } from './runningProcess.ts';

/** The process that holds a state directory. */
export interface LockHolder {
  pid: number;
  command: string;
}

/**
 * Takes the state directory for this process, so that two local clouds can't write the same files. The lock of
 * a process that no longer runs is taken over. Returns the function that gives it back; throws when it is held.
 */
export function lockStateDirectory(stateDirectory: string): () => void {
  mkdirSync(stateDirectory, { recursive: true });
  const file = lockFile(stateDirectory);
  const holder = lockHolder(stateDirectory);
  if (holder && holder.pid !== process.pid) {
    throw new Error(
      `A local cloud is running already on ${stateDirectory} (process ${holder.pid}: ${holder.command}). ` +
        'Stop it first, or set LOCAL_STATE_DIRECTORY and the LOCAL_*_PORT settings to run a second one.',
    );
  }
  rmSync(file, { force: true });
  const mine: LockHolder = { pid: process.pid, command: commandLineOf(process.pid) ?? '' };
  // 'wx' fails if another start was faster in this moment.
  writeFileSync(file, `${JSON.stringify(mine)}\n`, { flag: 'wx' });
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  return release;
}

/** The running process that holds the state directory, if any. */
export function lockHolder(stateDirectory: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(readFileSync(lockFile(stateDirectory), 'utf8')) as LockHolder;
    return commandLineOf(holder.pid) === holder.command ? holder : undefined;
  } catch {
    // No file, or one that was cut while it was written: nobody holds it.
    return undefined;
  }
}

function lockFile(stateDirectory: string): string {
  return join(stateDirectory, 'local-cloud.lock');
}
