import { EventHubConsumerClient, earliestEventPosition, type ReceivedEventData } from '@azure/event-hubs';
import type { RecordTopic } from '../../shared/contracts/fields.ts';
import { FAULT_PROPERTY } from './synthetic/publish.ts';

/** An event as it lies in the hub: what the model is computed from. */
export interface LoggedEvent {
  readonly topic: RecordTopic;
  readonly partition: number;
  readonly sequenceNumber: number;
  /** Milliseconds since 1970, as the broker counts. */
  readonly enqueuedAt: number;
  readonly body: Buffer;
  /** The reason for which its publisher broke it. */
  readonly fault: string | undefined;
  /** The profile that it is read by ignores it. */
  readonly ignored?: boolean;
}

/** The sequence numbers that a partition holds. */
export interface PartitionRange {
  readonly topic: string;
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** Asks the broker what its partitions hold, with connections that stay open. */
export class BrokerWatch {
  readonly #clients: Map<string, EventHubConsumerClient>;

  /** @param hubs an empty name is that of a topic that is off. */
  constructor(connectionString: string, hubs: readonly string[]) {
    const used = hubs.filter((hub) => hub !== '');
    this.#clients = new Map(
      used.map((hub) => [hub, new EventHubConsumerClient('$Default', connectionString, hub)]),
    );
  }

  /** What each partition holds; empty ones are left out. */
  async ranges(): Promise<PartitionRange[]> {
    const ofHub = async ([hub, client]: [string, EventHubConsumerClient]) => {
      const ids = await client.getPartitionIds();
      const partitions = await Promise.all(ids.map((id) => client.getPartitionProperties(id)));
      return partitions
        .filter((partition) => !partition.isEmpty)
        .map((partition) => ({
          topic: hub,
          partition: Number(partition.partitionId),
          first: partition.beginningSequenceNumber,
          last: partition.lastEnqueuedSequenceNumber,
        }));
    };
    return (await Promise.all([...this.#clients].map(ofHub))).flat();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}

/** Reads the whole log of a hub into memory. */
export async function readHub(
  connectionString: string,
  logicalTopic: RecordTopic,
  hub: string,
  ranges: readonly PartitionRange[],
): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  await streamHub(connectionString, logicalTopic, hub, ranges, (event) => events.push(event));
  return events;
}

/**
 * Reads the whole log of a hub, event by event, with a consumer group of its own: the sync's checkpoints stay as they
 * are. What arrived after the ranges were taken is left out.
 */
export async function streamHub(
  connectionString: string,
  logicalTopic: RecordTopic,
  hub: string,
  ranges: readonly PartitionRange[],
  take: (event: LoggedEvent) => void,
): Promise<void> {
  const lastOf = new Map(
    ranges.filter((range) => range.topic === hub).map((range) => [range.partition, range.last]),
  );
  if (lastOf.size === 0) return;
  const unfinished = new Set(lastOf.keys());
  const client = new EventHubConsumerClient('check', connectionString, hub);
  try {
    await new Promise<void>((resolve, reject) => {
      for (const [partition, last] of lastOf) {
        client.subscribe(
          String(partition),
          {
            processEvents: async (received) => {
              for (const event of received) {
                if (event.sequenceNumber > last) break;
                take({
                  topic: logicalTopic,
                  partition,
                  sequenceNumber: event.sequenceNumber,
                  enqueuedAt: event.enqueuedTimeUtc.getTime(),
                  body: bodyOf(event.body),
                  fault: faultOf(event),
                });
              }
              if ((received.at(-1)?.sequenceNumber ?? -1) >= last) unfinished.delete(partition);
              if (unfinished.size === 0) resolve();
            },
            processError: async (error) => reject(error),
          },
          {
            startPosition: earliestEventPosition,
            maxBatchSize: 1000,
            maxWaitTimeInSeconds: 1,
            skipParsingBodyAsJson: true,
          },
        );
      }
    });
  } finally {
    await client.close();
  }
}

/** A body that is no bytes is an AMQP value: text, or what JSON can say of it. */
function bodyOf(body: unknown): Buffer {
  if (body instanceof Buffer) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** As text: what a Kafka producer sends beside an event arrives as bytes. */
function faultOf(event: ReceivedEventData): string | undefined {
  const fault: unknown = event.getRawAmqpMessage().applicationProperties?.[FAULT_PROPERTY];
  return fault === undefined ? undefined : String(fault);
}
