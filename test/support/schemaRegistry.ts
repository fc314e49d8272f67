import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A registry's answers, by path; a test changes them while it runs. */
export interface TestRegistry {
  readonly url: string;
  /** Path and authorization of each request, in order. */
  readonly requests: string[];
  /** What a path answers: a status, and JSON; `undefined` for a registry's own 404. */
  readonly answers: Map<string, readonly [status: number, body: unknown]>;
  /** Answers everything while it is set. */
  broken: ((response: ServerResponse, request: IncomingMessage) => void) | undefined;
}

/** A registry with Confluent's and Azure's interface, as far as it is used, until the test is over. */
export async function testRegistry(): Promise<TestRegistry> {
  const registry: TestRegistry = { url: '', requests: [], answers: new Map(), broken: undefined };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    registry.requests.push(`${path} ${request.headers.authorization ?? '-'}`);
    if (registry.broken !== undefined) {
      registry.broken(response, request);
      return;
    }
    const unknown = path.startsWith('/$schemaGroups/')
      ? { error: { code: 'ItemNotFound', message: 'Schema not found' } }
      : { error_code: 40403, message: 'Schema not found' };
    const [status, body] = registry.answers.get(path.replace('?deleted=true', '')) ?? [404, unknown];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(registry, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** A registry that takes the request and answers with this. */
export const answering =
  (status: number, body = 'a proxy says hello') =>
  (response: ServerResponse): void => {
    response.writeHead(status, { location: '/elsewhere' }).end(body);
  };
