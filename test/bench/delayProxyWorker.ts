import { connect as connectTo, createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

// A TCP proxy on 127.0.0.1 that holds back what goes to the server: every round trip takes that much longer.

const { targetPort, delayMs } = workerData as { targetPort: number; delayMs: number };

const server = createServer((client) => {
  const target = connectTo(targetPort, '127.0.0.1');
  client.setNoDelay(true);
  target.setNoDelay(true);
  client.on('data', (chunk: Buffer) => setTimeout(() => target.write(chunk), delayMs));
  target.on('data', (chunk: Buffer) => client.write(chunk));
  // What was sent before the end still arrives.
  client.on('close', () => setTimeout(() => target.end(), delayMs));
  target.on('close', () => client.destroy());
  client.on('error', () => target.destroy());
  target.on('error', () => client.destroy());
});
server.listen(0, '127.0.0.1', () => parentPort!.postMessage((server.address() as { port: number }).port));
