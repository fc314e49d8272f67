import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SecretVersion {
  readonly id: string;
  value: string;
  enabled: boolean;
  /** Seconds since 1970, as Key Vault has them. */
  readonly created: number;
  readonly notBefore: number | undefined;
}

const TOKEN = 'token-of-the-test';

/**
 * What the clients of Key Vault and of a managed identity talk to, on 127.0.0.1: the challenge, the identity endpoint of a
 * Function App, and the reading of secrets and their versions.
 */
export class TestKeyVault {
  readonly #server: Server;
  readonly #secrets = new Map<string, SecretVersion[]>();
  readonly url: string;
  /** Answers as a vault that is away does. */
  away = false;
  /** Takes requests, and answers none before this. */
  silentUntil: Promise<void> = Promise.resolve();
  /** Requests for a list of versions. */
  lists = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', async (request, response) => {
      await this.silentUntil;
      const { status, body, challenge } = this.#answer(request);
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(challenge && { 'www-authenticate': challenge }),
      });
      response.end(JSON.stringify(body));
    });
  }

  static async start(): Promise<TestKeyVault> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new TestKeyVault(server);
  }

  /** Settings of an app that reads its keys here, by a managed identity. */
  get environment(): Record<string, string> {
    return {
      KEY_VAULT_URL: this.url,
      USER_ID_KEY_SECRET: 'user-id-key',
      DLQ_SEAL_KEY_SECRET: 'dead-letter-key',
      IDENTITY_ENDPOINT: `${this.url}/identity`,
      IDENTITY_HEADER: 'header-of-the-test',
    };
  }

  /** Adds a version; a key of 32 random bytes unless a value is given. */
  add(
    secret: string,
    {
      createdAt,
      notBefore,
      value = randomBytes(32).toString('base64'),
    }: { createdAt: Date; notBefore?: Date; value?: string },
  ): SecretVersion {
    const seconds = (time: Date) => Math.floor(time.getTime() / 1000);
    const version = {
      id: randomBytes(16).toString('hex'),
      value,
      enabled: true,
      created: seconds(createdAt),
      notBefore: notBefore && seconds(notBefore),
    };
    this.#secrets.set(secret, [...(this.#secrets.get(secret) ?? []), version]);
    return version;
  }

  versions(secret: string): readonly SecretVersion[] {
    return this.#secrets.get(secret) ?? [];
  }

  #answer({ url = '', headers }: IncomingMessage): { status: number; body: object; challenge?: string } {
    const { pathname } = new URL(url, this.url);
    if (pathname === '/identity') {
      if (headers['x-identity-header'] !== 'header-of-the-test') return { status: 400, body: {} };
      const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
      return { status: 200, body: { access_token: TOKEN, expires_on, token_type: 'Bearer' } };
    }
    if (this.away) return { status: 503, body: {} };
    if (headers.authorization !== `Bearer ${TOKEN}`) {
      const challenge =
        'Bearer authorization="https://login.microsoftonline.com/tenant", resource="https://vault.azure.net"';
      return { status: 401, body: {}, challenge };
    }
    const [, secret = '', wanted] = /^\/secrets\/([\w-]+)\/(\w*)$/.exec(pathname) ?? [];
    const versions = this.#secrets.get(secret);
    if (versions === undefined) return { status: 404, body: { error: { code: 'SecretNotFound' } } };
    if (wanted === 'versions') {
      this.lists++;
      // Key Vault gives no order.
      return { status: 200, body: { value: versions.map((one) => this.#properties(secret, one)).reverse() } };
    }
    const version = wanted === '' ? versions.at(-1) : versions.find(({ id }) => id === wanted);
    if (version === undefined) return { status: 404, body: { error: { code: 'SecretNotFound' } } };
    if (!version.enabled) return { status: 403, body: { error: { code: 'Forbidden' } } };
    return { status: 200, body: { ...this.#properties(secret, version), value: version.value } };
  }

  #properties(secret: string, { id, enabled, created, notBefore }: SecretVersion) {
    return {
      id: `${this.url}/secrets/${secret}/${id}`,
      attributes: { enabled, created, updated: created, ...(notBefore !== undefined && { nbf: notBefore }) },
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((closed) => this.#server.close(() => closed()));
  }
}
