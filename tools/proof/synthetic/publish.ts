import {
  type EventData,
  EventHubBufferedProducerClient,
  type EventHubBufferedProducerClientOptions,
} from '@azure/event-hubs';
import { LOGICAL_TOPICS, type LogicalTopic } from '../../../shared/contracts/fields.ts';
import type { HubAccess } from '../../../shared/settings/eventHubsConnection.ts';
import type { SyntheticEvent } from './payments.ts';
import { PublishError } from './publishError.ts';

/** Property that tells the check, not the product, that an event is malformed on purpose, and how. */
export const FAULT_PROPERTY = 'x-synthetic-fault';

/** A way to the hubs. */
export interface EventPublisher {
  /** Events that the broker has accepted. */
  readonly published: number;
  /** Whether this event's topic is in use: an empty PAIR_TOPIC switches confirmations off. */
  takes(event: SyntheticEvent<LogicalTopic>): boolean;
  /** Resolves when there is room in the client's buffer. */
  publish(event: SyntheticEvent<LogicalTopic>): Promise<unknown>;
  /** Waits until the broker has accepted everything. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What is sent beside an event's body. */
export function propertiesOf(
  { fault }: SyntheticEvent<LogicalTopic>,
  number: number,
  label = 'synthetic',
): Record<string, string> {
  return {
    'x-correlation-id': `${label}-${number}`,
    ...(fault === undefined ? {} : { [FAULT_PROPERTY]: fault }),
  };
}

/** Publishes events through Microsoft's client; the same key always goes to the same partition. */
export class Publisher implements EventPublisher {
  readonly #clients: ReadonlyMap<LogicalTopic, EventHubBufferedProducerClient>;
  readonly #label: string | undefined;
  #failure: Error | undefined;
  #count = 0;
  published = 0;

  /** @param label what correlation ids begin with. */
  constructor(access: HubAccess, topics: Readonly<Record<LogicalTopic, string>>, label?: string) {
    this.#label = label;
    const client = (topic: string) => {
      const options: EventHubBufferedProducerClientOptions = {
        maxWaitTimeInMs: 50,
        maxEventBufferLengthPerPartition: 2000,
        onSendEventsErrorHandler: async ({ error }) => {
          this.#failure = error;
        },
        onSendEventsSuccessHandler: async ({ events }) => {
          this.published += events.length;
        },
      };
      return typeof access === 'string'
        ? new EventHubBufferedProducerClient(access, topic, options)
        : new EventHubBufferedProducerClient(access.namespace, topic, access.credential, options);
    };
    const used = LOGICAL_TOPICS.filter((topic) => topics[topic] !== '');
    this.#clients = new Map(used.map((topic) => [topic, client(topics[topic])]));
  }

  takes(event: SyntheticEvent<LogicalTopic>): boolean {
    return this.#clients.has(event.topic);
  }

  /** Returns the event's correlation id. */
  async publish(event: SyntheticEvent<LogicalTopic>): Promise<string> {
    this.#throwFailure();
    const properties = propertiesOf(event, this.#count++, this.#label);
    const data: EventData = { body: event.body, properties };
    const options = event.key === undefined ? {} : { partitionKey: event.key };
    await this.#clients.get(event.topic)!.enqueueEvent(data, options);
    return properties['x-correlation-id']!;
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
