import { type EventData, EventHubBufferedProducerClient } from '@azure/event-hubs';
import { LOGICAL_TOPICS, type LogicalTopic } from '../../shared/contracts/fields.ts';
import type { SyntheticEvent } from './payments.ts';

/** Property that tells the check, not the product, that an event is malformed on purpose, and how. */
export const FAULT_PROPERTY = 'x-synthetic-fault';

/** The broker did not take the events. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  constructor(cause: Error) {
    super(`Events could not be published: ${cause.message.replace(/\.?$/, '.')}`, { cause });
  }
}

/** A way to the hubs. */
export interface EventPublisher {
  /** Events that the broker has accepted. */
  readonly published: number;
  /** Whether this event's topic is in use: an empty PAIR_TOPIC switches confirmations off. */
  takes(event: SyntheticEvent): boolean;
  /** Resolves when there is room in the client's buffer. */
  publish(event: SyntheticEvent): Promise<void>;
  /** Waits until the broker has accepted everything. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What is sent beside an event's body. */
export function propertiesOf({ fault }: SyntheticEvent, number: number): Record<string, string> {
  return {
    'x-correlation-id': `synthetic-${number}`,
    ...(fault === undefined ? {} : { [FAULT_PROPERTY]: fault }),
  };
}

/** Publishes events through Microsoft's client; the same key always goes to the same partition. */
export class Publisher implements EventPublisher {
  readonly #clients: ReadonlyMap<LogicalTopic, EventHubBufferedProducerClient>;
  #failure: Error | undefined;
  published = 0;

  constructor(connectionString: string, topics: Readonly<Record<LogicalTopic, string>>) {
    const client = (topic: string) =>
      new EventHubBufferedProducerClient(connectionString, topic, {
        maxWaitTimeInMs: 50,
        maxEventBufferLengthPerPartition: 2000,
        onSendEventsErrorHandler: async ({ error }) => {
          this.#failure = error;
        },
        onSendEventsSuccessHandler: async ({ events }) => {
          this.published += events.length;
        },
      });
    const used = LOGICAL_TOPICS.filter((topic) => topics[topic] !== '');
    this.#clients = new Map(used.map((topic) => [topic, client(topics[topic])]));
  }

  takes(event: SyntheticEvent): boolean {
    return this.#clients.has(event.topic);
  }

  async publish(event: SyntheticEvent): Promise<void> {
    this.#throwFailure();
    const data: EventData = {
      body: event.body,
      properties: propertiesOf(event, this.published),
    };
    const options = event.key === undefined ? {} : { partitionKey: event.key };
    await this.#clients.get(event.topic)!.enqueueEvent(data, options);
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.flush()));
    this.#throwFailure();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close({ flush: false })));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw new PublishError(this.#failure);
  }
}
