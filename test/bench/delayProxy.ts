import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Starts a proxy before a port of this machine that adds `delayMs` to every round trip. It has a thread of its own: in
 * this one, its timers would wait for the work that is measured.
 */
export async function startDelayProxy(
  targetPort: number,
  delayMs: number,
): Promise<{ port: number; stop(): Promise<unknown> }> {
  const worker = new Worker(new URL('./delayProxyWorker.ts', import.meta.url), {
    workerData: { targetPort, delayMs },
  });
  const [port] = (await once(worker, 'message')) as [number];
  return { port, stop: () => worker.terminate() };
}
