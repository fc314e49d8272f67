import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A checkpoint on its way. */
export interface HeldCheckpoint {
  readonly partition: number;
  /** Breaks the connection; a checkpoint that storage does not have yet, it never gets. */
  drop(): void;
}

type When = 'before it is stored' | 'after it was stored';

/** An HTTP proxy before the blobs of Azurite that can hold a host's next checkpoint. */
export class StorageProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #targetPort: number;
  #trap: { when: When; sprung: (held: HeldCheckpoint) => void } | undefined;

  private constructor(server: Server, targetPort: number) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#targetPort = targetPort;
    server.on('request', (incoming, response) => {
      this.#pass(incoming, response).catch(() => response.destroy());
    });
  }

  static async start(targetPort: number): Promise<StorageProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new StorageProxy(server, targetPort);
  }

  /** Holds the next checkpoint of a hub; resolves when one is held. */
  holdCheckpoint(when: When): Promise<HeldCheckpoint> {
    return new Promise((sprung) => {
      this.#trap = { when, sprung };
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const partition = checkpointOf(incoming);
    if (partition !== undefined) await this.#hold('before it is stored', partition);
    const { method, url, headers } = incoming;
    const outgoing = request({ port: this.#targetPort, host: '127.0.0.1', method, path: url, headers });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const answered = await buffer(answer);
    const isStored = partition !== undefined && (answer.statusCode ?? 500) < 300;
    if (isStored) await this.#hold('after it was stored', partition);
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    response.end(answered);
  }

  async #hold(when: When, partition: number): Promise<void> {
    const trap = this.#trap;
    if (trap?.when !== when) return;
    this.#trap = undefined;
    await new Promise<never>((_, reject) => {
      trap.sprung({ partition, drop: () => reject(new Error('dropped')) });
    });
  }
}

/** The partition whose checkpoint this request writes. */
function checkpointOf({ method, url = '' }: IncomingMessage): number | undefined {
  const match = method === 'PUT' ? /\/checkpoint\/(\d+)(?:\?|$)/.exec(decodeURIComponent(url)) : null;
  return match === null ? undefined : Number(match[1]);
}
