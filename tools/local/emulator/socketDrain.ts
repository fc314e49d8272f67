import type { Socket } from 'node:net';

const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back when the socket has written what it holds. All links of a connection share one listener: a consumer of
 * many partitions would otherwise exceed the limit above which Node suspects a leak.
 */
export function whenDrained(socket: Socket, wake: () => void): void {
  const sleepers = waiting.get(socket);
  if (sleepers) {
    sleepers.add(wake);
    return;
  }
  waiting.set(socket, new Set([wake]));
  socket.once('drain', () => {
    const woken = waiting.get(socket) ?? [];
    waiting.delete(socket);
    for (const wakeUp of woken) wakeUp();
  });
}
