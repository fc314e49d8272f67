import { parseEventHubConnectionString } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import { type MessageToProduce, ProduceAcks, Producer, type SASLOptions } from '@platformatic/kafka';
import type { LogicalTopic } from '../../../shared/contracts/fields.ts';
import type { HubAccess } from '../../../shared/settings/eventHubsConnection.ts';
import type { SyntheticEvent } from './payments.ts';
import { type EventPublisher, propertiesOf } from './publish.ts';
import { PublishError } from './publishError.ts';

/** How a Kafka client logs in to Event Hubs. */
export type KafkaLogin =
  | { readonly mechanism: 'PLAIN'; readonly user: '$ConnectionString'; readonly password: string }
  | { readonly mechanism: 'OAUTHBEARER'; readonly credential: TokenCredential; readonly scope: string };

/** What a Kafka client needs to reach Event Hubs. */
export interface KafkaAddress {
  readonly broker: string;
  readonly tls: boolean;
  readonly login: KafkaLogin;
}

/** The port of every namespace's Kafka endpoint. */
const SERVICE_PORT = 9093;
/** Far below the megabyte that a request may have. */
const MAX_BATCH = 500;
/** Five seconds: enough to get over a restart of the broker, and wrong settings are reported after it. */
const RETRY = { retries: 10, retryDelay: 500 } as const;

/**
 * The Kafka endpoint of a namespace, or the emulator's at `emulatorPort`, and the login: the connection string, or tokens of
 * the identity. Event Hubs wants the namespace itself as their audience here; over AMQP it is another.
 */
export function kafkaAddress(access: HubAccess, emulatorPort: number): KafkaAddress {
  if (typeof access !== 'string') {
    const { namespace, credential } = access;
    const scope = `https://${namespace}/.default`;
    return {
      broker: `${namespace}:${SERVICE_PORT}`,
      tls: true,
      login: { mechanism: 'OAUTHBEARER', credential, scope },
    };
  }
  const { fullyQualifiedNamespace } = parseEventHubConnectionString(access);
  const [host] = fullyQualifiedNamespace.split(':');
  const emulator = isEmulator(access);
  return {
    broker: `${host}:${emulator ? emulatorPort : SERVICE_PORT}`,
    tls: !emulator,
    login: { mechanism: 'PLAIN', user: '$ConnectionString', password: access },
  };
}

/** Whether a connection string is one of the emulator. */
export function isEmulator(connectionString: string): boolean {
  return /(^|;)\s*UseDevelopmentEmulator\s*=\s*true/i.test(connectionString);
}

/** The emulator's Kafka endpoint with tokens of {@link testIssuer} instead of its key. */
export function emulatorAddress(emulatorPort: number, credential: TokenCredential): KafkaAddress {
  const scope = 'https://127.0.0.1/.default';
  return {
    broker: `127.0.0.1:${emulatorPort}`,
    tls: false,
    login: { mechanism: 'OAUTHBEARER', credential, scope },
  };
}

/** Issues tokens that the emulator takes, and nobody else: it does not look at their signature, and these have none. */
export function testIssuer(lifetimeSeconds = 3600): TokenCredential {
  return {
    async getToken(scopes) {
      const now = Math.floor(Date.now() / 1000);
      const expiry = now + lifetimeSeconds;
      const [scope] = [scopes].flat();
      const claims = { iss: 'urn:backoffice-sync:test-issuer', aud: scope?.replace(/\/\.default$/, '') };
      const parts = [
        { alg: 'none', typ: 'JWT' },
        { ...claims, nbf: now, iat: now, exp: expiry },
      ];
      const encoded = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
      return { token: `${encoded.join('.')}.`, expiresOnTimestamp: expiry * 1000 };
    },
  };
}

/** Publishes events through a Kafka client, as payment services do: the key chooses the partition. */
export class KafkaPublisher implements EventPublisher {
  readonly #producer: Producer<Buffer, Buffer, Buffer, Buffer>;
  readonly #topics: Readonly<Record<LogicalTopic, string>>;
  #waiting: MessageToProduce<Buffer, Buffer, Buffer, Buffer>[] = [];
  #sending: Promise<void> | undefined;
  #failure: Error | undefined;
  #noToken: Error | undefined;
  #count = 0;
  published = 0;

  constructor({ broker, tls, login }: KafkaAddress, topics: Readonly<Record<LogicalTopic, string>>) {
    this.#topics = topics;
    this.#producer = new Producer({
      clientId: 'backoffice-sync-publish',
      bootstrapBrokers: [broker],
      sasl: this.#sasl(login),
      ...(tls ? { tls: {} } : {}),
      idempotent: true,
      acks: ProduceAcks.ALL,
      ...RETRY,
    });
  }

  takes(event: SyntheticEvent<LogicalTopic>): boolean {
    return this.#topics[event.topic] !== '';
  }

  async publish(event: SyntheticEvent<LogicalTopic>): Promise<void> {
    this.#throwFailure();
    const properties = Object.entries(propertiesOf(event, this.#count++));
    this.#waiting.push({
      topic: this.#topics[event.topic],
      ...(event.key === undefined ? {} : { key: Buffer.from(event.key) }),
      value: event.body,
      headers: new Map(properties.map(([name, value]) => [Buffer.from(name), Buffer.from(value)])),
    });
    // What is published while a batch is under way becomes the next one.
    this.#sending ??= this.#sendAll();
    if (this.#waiting.length >= MAX_BATCH) await this.#sending;
  }

  async flush(): Promise<void> {
    await this.#sending;
    this.#throwFailure();
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }

  /**
   * With tokens, the client asks for one at each login, and logs in again when 80 % of the session's lifetime are over: the
   * credential renews its token in time. A credential that fails is remembered: the client would go on without a token, and
   * the broker's complaint about that would hide the reason.
   */
  #sasl(login: KafkaLogin): SASLOptions {
    if (login.mechanism === 'PLAIN') {
      return { mechanism: 'PLAIN', username: login.user, password: login.password };
    }
    const token = async () => {
      try {
        const issued = await login.credential.getToken(login.scope);
        if (issued === null) throw new Error('it gave none');
        this.#noToken = undefined;
        return issued.token;
      } catch (error) {
        this.#noToken = new Error(`there is no token for ${login.scope}: ${(error as Error).message}`, {
          cause: error,
        });
        throw this.#noToken;
      }
    };
    return { mechanism: 'OAUTHBEARER', token };
  }

  async #sendAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const messages = this.#waiting.splice(0, MAX_BATCH);
        await this.#producer.send({ messages });
        this.published += messages.length;
      }
    } catch (error) {
      this.#failure = this.#noToken ?? firstCause(error as Error);
    }
    this.#sending = undefined;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw new PublishError(this.#failure);
  }
}

/** The client reports what failed in layers; the innermost says why, and beside it may stand what the broker said. */
function firstCause(error: Error): Error {
  const [inner] = error instanceof AggregateError ? error.errors : [error.cause];
  if (inner instanceof Error) return firstCause(inner);
  const said = (error as { serverErrorMessage?: unknown }).serverErrorMessage;
  if (typeof said !== 'string' || said === '') return error;
  return new Error(`${error.message.replace(/\.$/, '')}: ${said}`, { cause: error });
}
