import { fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * Starts a proxy before a port of this machine that adds `delayMs` to every round trip. It is a process of its own, in
 * front of the others where the system allows that (root): a network does not wait for a core while a database uses it.
 */
export async function startDelayProxy(
  targetPort: number,
  delayMs: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  const program = fileURLToPath(new URL('./delayProxyProcess.ts', import.meta.url));
  const child = fork(program, [String(targetPort), String(delayMs)], { execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  try {
    setPriority(child.pid!, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Without the right, the delay is longer than it should be while both cores are busy.
  }
  return {
    port,
    async stop() {
      child.kill();
      await once(child, 'exit');
    },
  };
}
