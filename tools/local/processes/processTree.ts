import { readdirSync, readFileSync } from 'node:fs';

/** Whether the system has the processes that are looked for in /proc. */
export const HAS_PROC = process.platform === 'linux';

/** Sends a signal to a process and its children, which are found in /proc. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  const isChild = (name: string) => /^\d+$/.test(name) && parentOf(name) === pid;
  // The parent first: stopped, it makes no more children.
  process.kill(pid, signal);
  for (const child of readdirSync('/proc').filter(isChild)) {
    try {
      process.kill(Number(child), signal);
    } catch (error) {
      // One that has ended since it was found.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function parentOf(pid: string): number | undefined {
  try {
    // The name in parentheses may hold anything.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return Number(parent);
  } catch {
    return undefined;
  }
}
