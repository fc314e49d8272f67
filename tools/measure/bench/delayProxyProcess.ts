import { connect as connectTo, createServer } from 'node:net';

// A TCP proxy on 127.0.0.1 that holds back what goes to the server: every round trip takes that much longer.

const [targetPort, delayMs] = process.argv.slice(2).map(Number) as [number, number];

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
server.listen(0, '127.0.0.1', () => process.send!((server.address() as { port: number }).port));
// Never longer than the bench.
process.on('disconnect', () => process.exit());
