import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy on 127.0.0.1 that holds back what goes to the server: every round trip takes that much longer.
 */
export async function startDelayProxy(
  targetPort: number,
  delayMs: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const target = connectTo(targetPort, '127.0.0.1');
    for (const [from, to, wait] of [
      [client, target, delayMs],
      [target, client, 0],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        if (wait === 0) to.write(chunk);
        else setTimeout(() => to.write(chunk), wait);
      });
      from.on('close', () => {
        sockets.delete(from);
        setTimeout(() => to.destroy(), wait);
      });
      from.on('error', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
