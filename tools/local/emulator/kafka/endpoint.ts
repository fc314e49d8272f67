/**
 * The Kafka endpoint of the emulator: what producers send lies in the same logs as what comes over AMQP, in the form in which
 * the service shows it to AMQP consumers; consumers with assigned partitions read whatever lies there.
 *
 * As at the service, a client logs in with SASL PLAIN, the user `$ConnectionString` and the connection string as
 * password, or with a token. What the service has and this does not: TLS, consumer groups, transactions, throttling.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Refused } from '../refusalLog.ts';
import { serveConnection } from './connection.ts';
import type { LimitsName } from './limits.ts';
import type { Topics } from './topics.ts';

export interface KafkaEndpoint {
  readonly port: number;
  /** Closes all connections. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** The service closes a connection that is silent for this long. */
const IDLE_TIMEOUT_MS = 240_000;

/** Listens on 127.0.0.1; port 0 takes any free one. Rejects where the port is taken. */
export async function startKafkaEndpoint(
  wanted: number,
  topics: Topics,
  limits: LimitsName,
  refused: Refused,
): Promise<KafkaEndpoint> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // serveConnection notices
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
    void serveConnection(socket, { topics, port, limits, refused });
  });
  server.listen({ host: HOST, port: wanted });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${wanted} on ${HOST} is in use, so the Kafka endpoint of the Event Hubs emulator cannot start. ` +
        'Stop the program that uses it, or set LOCAL_KAFKA_PORT to another port.',
      { cause: error },
    );
  }
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
