/**
 * An Event Hubs emulator for development and tests: AMQP 1.0 on the loopback interface, durable logs in a
 * directory, and a Kafka endpoint for producers. `@azure/event-hubs` talks to it with `UseDevelopmentEmulator=true`.
 *
 * What the service has and this does not: a retention of its own, idempotent AMQP producers, publisher addresses, consumer
 * groups and transactions over Kafka, WebSockets, TLS.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Connection } from './amqp/connection.ts';
import type { Service } from './amqp/session.ts';
import { SHARED_KEY, SHARED_KEY_NAME } from './authorization.ts';
import { createBroker } from './broker.ts';
import { Hub, type HubDefinition } from './hub.ts';
import type { KafkaEndpoint } from './kafka/endpoint.ts';
import type { LimitsName } from './kafka/limits.ts';
import type { Refusal } from './refusal.ts';
import { createRefusalLog, type Refused } from './refusalLog.ts';

export type { HubDefinition } from './hub.ts';

export interface EmulatorOptions {
  /** TCP port on 127.0.0.1; 0 takes any free one. */
  port: number;
  /** TCP port of the Kafka endpoint on 127.0.0.1; 0 takes any free one. Without it there is no such endpoint. */
  kafkaPort?: number;
  /** What the Kafka endpoint takes: no more than the service (the default), or as much as it can. */
  kafkaLimits?: LimitsName;
  /** Where the hubs are kept, each in a folder of its name. Only one emulator may use it at a time. */
  directory: string;
  hubs: HubDefinition[];
}

export interface Emulator {
  port: number;
  kafkaPort: number | undefined;
  /** For clients, without an EntityPath: they name the hub themselves. */
  connectionString: string;
  /** Delivers nothing below a sequence number any more, as if the hub's retention had passed. */
  expire(hub: string, partition: number, before: number): void;
  /** Closes all connections and the logs. Accepted events are in the files. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const DEFAULT_PORT = 5672;

/**
 * Starts the emulator and resolves when it accepts connections. Rejects when the port is taken, when a hub exists
 * with another partition count, and when a log is damaged.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const hubs = new Map<string, Hub>();
  const sockets = new Set<Socket>();
  const refused = createRefusalLog();
  const server = await listen(
    createBroker((name) => findHub(hubs, name), refused),
    options.port,
    sockets,
  );
  let kafka: KafkaEndpoint | undefined;
  const stop = async () => {
    if (!server.listening) return;
    await kafka?.stop();
    await stopServing(server, sockets, hubs);
  };
  try {
    // The port is bound first, so that a second start on the same port cannot touch logs that are in use. No
    // connection is served before this is done: it happens in the same turn of the event loop.
    for (const definition of options.hubs) openHub(hubs, options.directory, definition);
    if (options.kafkaPort !== undefined) {
      kafka = await startKafka(options.kafkaPort, hubs, options.kafkaLimits ?? 'service', refused);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const expire = (hub: string, partition: number, before: number) =>
    hubs.get(hub.toLowerCase())?.partitions[partition]?.log.expire(before);
  return { port, kafkaPort: kafka?.port, connectionString: connectionString(port), expire, stop };
}

/** Loaded only where it is wanted: the library takes longer to load than the rest to start. */
async function startKafka(
  port: number,
  hubs: Map<string, Hub>,
  limits: LimitsName,
  refused: Refused,
): Promise<KafkaEndpoint> {
  const { startKafkaEndpoint } = await import('./kafka/endpoint.ts');
  const topics = { all: [...hubs.values()], find: (name: string) => hubs.get(name.toLowerCase()) };
  return startKafkaEndpoint(port, topics, limits, refused);
}

function connectionString(port: number): string {
  const host = port === DEFAULT_PORT ? HOST : `${HOST}:${port}`;
  return `Endpoint=sb://${host};SharedAccessKeyName=${SHARED_KEY_NAME};SharedAccessKey=${SHARED_KEY};UseDevelopmentEmulator=true;`;
}

function findHub(hubs: Map<string, Hub>, name: string): Hub | Refusal {
  return (
    hubs.get(name.toLowerCase()) ?? {
      condition: 'amqp:not-found',
      description: `The messaging entity 'sb://${HOST}/${name}' could not be found.`,
    }
  );
}

function openHub(hubs: Map<string, Hub>, directory: string, definition: HubDefinition): void {
  const key = definition.name.toLowerCase();
  if (hubs.has(key)) throw new Error(`The event hub '${definition.name}' is defined twice.`);
  hubs.set(key, new Hub(directory, definition));
}

async function listen(service: Service, port: number, sockets: Set<Socket>): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    new Connection(socket, service);
  });
  server.listen({ host: HOST, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${port} on ${HOST} is in use, so the Event Hubs emulator cannot start. ` +
        'Stop the program that uses it, or set LOCAL_EVENT_HUBS_PORT to another port.',
      { cause: error },
    );
  }
  return server;
}

async function stopServing(server: Server, sockets: Set<Socket>, hubs: Map<string, Hub>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
  for (const hub of hubs.values()) hub.close();
}
