import { once } from 'node:events';
import { type AddressInfo, createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { type Message, MessageSplitter } from './postgresMessages.ts';

/** A place in the conversation of a host with PostgreSQL. */
export interface CutPoint {
  readonly from: 'host' | 'database';
  /** A connection logs in until PostgreSQL is ready for the first time. */
  readonly phase: 'login' | 'batch';
  /** The message's letter, or `startup`. */
  readonly type: string;
  /** What of that message still arrives. */
  readonly arrives: 'nothing' | 'half';
  /** How many such messages pass before. */
  readonly after?: number;
}

/** A TCP proxy between hosts and PostgreSQL that can break connections at a chosen message. */
export class PostgresProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #trap: { point: CutPoint; left: number; sprung: () => void } | undefined;

  private constructor(server: Server, targetPort: number) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    server.on('connection', (host) => {
      const connection = new Connection(host, openSocket(targetPort, '127.0.0.1'), (place) =>
        this.#springs(place),
      );
      this.#connections.add(connection);
      host.once('close', () => this.#connections.delete(connection));
    });
  }

  static async start(targetPort: number): Promise<PostgresProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PostgresProxy(server, targetPort);
  }

  /** Whether no connection waits for an answer. */
  get idle(): boolean {
    return [...this.#connections].every((connection) => connection.idle);
  }

  /** Cuts the next connection that comes to this point; resolves then. */
  cutAt(point: CutPoint): Promise<void> {
    return new Promise((sprung) => {
      this.#trap = { point, left: point.after ?? 0, sprung };
    });
  }

  /** Cuts every connection, whatever it is about to do. */
  cutAll(): void {
    for (const connection of this.#connections) connection.cut();
  }

  async close(): Promise<void> {
    this.cutAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #springs({ from, phase, type }: Place): CutPoint['arrives'] | undefined {
    const trap = this.#trap;
    if (trap?.point.from !== from || trap.point.phase !== phase || trap.point.type !== type) return undefined;
    if (trap.left-- > 0) return undefined;
    this.#trap = undefined;
    trap.sprung();
    return trap.point.arrives;
  }
}

type Place = Pick<CutPoint, 'from' | 'phase' | 'type'>;
type Springs = (place: Place) => CutPoint['arrives'] | undefined;

class Connection {
  readonly #host: Socket;
  readonly #database: Socket;
  readonly #springs: Springs;
  #phase: CutPoint['phase'] = 'login';
  idle = false;

  constructor(host: Socket, database: Socket, springs: Springs) {
    this.#host = host;
    this.#database = database;
    this.#springs = springs;
    this.#pass('host', host, database);
    this.#pass('database', database, host);
  }

  cut(): void {
    // Not `resetAndDestroy`: on a socket that is about to end it fails, and Node then never exits.
    this.#host.destroy();
    this.#database.destroy();
  }

  #pass(from: CutPoint['from'], source: Socket, target: Socket): void {
    const splitter = new MessageSplitter(from);
    source.setNoDelay(true);
    source.on('data', (chunk: Buffer) => {
      for (const message of splitter.take(chunk)) if (!this.#forward(from, message, source, target)) return;
    });
    // A cut is what this is for: whatever error it causes on the other side is no news.
    source.on('error', () => {});
    source.on('close', () => target.destroySoon());
  }

  /** False when the connection was cut. What came before the cut still arrives. */
  #forward(from: CutPoint['from'], { type, bytes }: Message, source: Socket, target: Socket): boolean {
    if (from === 'host') this.idle = false;
    const arrives = this.#springs({ from, phase: this.#phase, type });
    if (arrives !== undefined) {
      target.write(bytes.subarray(0, arrives === 'half' ? bytes.length >> 1 : 0));
      target.destroySoon();
      source.removeAllListeners('data');
      source.destroy();
      return false;
    }
    target.write(bytes);
    if (from === 'database' && type === 'Z') {
      this.#phase = 'batch';
      this.idle = true;
    }
    return true;
  }
}
