import { parseEventHubConnectionString } from '@azure/event-hubs';
import { type MessageToProduce, ProduceAcks, Producer } from '@platformatic/kafka';
import type { LogicalTopic } from '../../../shared/contracts/fields.ts';
import type { SyntheticEvent } from './payments.ts';
import { type EventPublisher, PublishError, propertiesOf } from './publish.ts';

/** What a Kafka client needs to reach Event Hubs. */
export interface KafkaAddress {
  readonly broker: string;
  readonly tls: boolean;
  readonly user: '$ConnectionString';
  readonly password: string;
}

/** The port of every namespace's Kafka endpoint. */
const SERVICE_PORT = 9093;
/** Far below the megabyte that a request may have. */
const MAX_BATCH = 500;
/** Five seconds: enough to get over a restart of the broker, and wrong settings are reported after it. */
const RETRY = { retries: 10, retryDelay: 500 } as const;

/** The Kafka endpoint that belongs to a connection string: a namespace's, or the emulator's at `emulatorPort`. */
export function kafkaAddress(connectionString: string, emulatorPort: number): KafkaAddress {
  const { fullyQualifiedNamespace } = parseEventHubConnectionString(connectionString);
  const [host] = fullyQualifiedNamespace.split(':');
  const emulator = /(^|;)\s*UseDevelopmentEmulator\s*=\s*true/i.test(connectionString);
  return {
    broker: `${host}:${emulator ? emulatorPort : SERVICE_PORT}`,
    tls: !emulator,
    user: '$ConnectionString',
    password: connectionString,
  };
}

/** Publishes events through a Kafka client, as payment services do: the key chooses the partition. */
export class KafkaPublisher implements EventPublisher {
  readonly #producer: Producer<Buffer, Buffer, Buffer, Buffer>;
  readonly #topics: Readonly<Record<LogicalTopic, string>>;
  #waiting: MessageToProduce<Buffer, Buffer, Buffer, Buffer>[] = [];
  #sending: Promise<void> | undefined;
  #failure: Error | undefined;
  #count = 0;
  published = 0;

  constructor({ broker, tls, user, password }: KafkaAddress, topics: Readonly<Record<LogicalTopic, string>>) {
    this.#topics = topics;
    this.#producer = new Producer({
      clientId: 'backoffice-sync-publish',
      bootstrapBrokers: [broker],
      sasl: { mechanism: 'PLAIN', username: user, password },
      ...(tls ? { tls: {} } : {}),
      idempotent: true,
      acks: ProduceAcks.ALL,
      ...RETRY,
    });
  }

  takes(event: SyntheticEvent): boolean {
    return this.#topics[event.topic] !== '';
  }

  async publish(event: SyntheticEvent): Promise<void> {
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

  async #sendAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const messages = this.#waiting.splice(0, MAX_BATCH);
        await this.#producer.send({ messages });
        this.published += messages.length;
      }
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#sending = undefined;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw new PublishError(firstCause(this.#failure));
  }
}

/** The client reports what failed in layers; the innermost says why. */
function firstCause(error: Error): Error {
  const [inner] = error instanceof AggregateError ? error.errors : [error.cause];
  return inner instanceof Error ? firstCause(inner) : error;
}
