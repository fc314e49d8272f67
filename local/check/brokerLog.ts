import { EventHubConsumerClient, earliestEventPosition } from '@azure/event-hubs';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import { FAULT_PROPERTY } from '../synthetic/publish.ts';

/** An event as it lies in the hub: what the model is computed from. */
export interface LoggedEvent {
  readonly topic: LogicalTopic;
  readonly partition: number;
  readonly sequenceNumber: number;
  /** Milliseconds since 1970, as the broker counts. */
  readonly enqueuedAt: number;
  readonly body: Buffer;
  /** The reason for which its publisher broke it. */
  readonly fault: string | undefined;
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

  constructor(connectionString: string, hubs: readonly string[]) {
    this.#clients = new Map(
      hubs.map((hub) => [hub, new EventHubConsumerClient('$Default', connectionString, hub)]),
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

/** Reads the whole log of a hub, with a consumer group of its own: the sync's checkpoints stay as they are. */
export async function readHub(
  connectionString: string,
  logicalTopic: LogicalTopic,
  hub: string,
  ranges: readonly PartitionRange[],
): Promise<LoggedEvent[]> {
  const missing = new Map(
    ranges.filter((range) => range.topic === hub).map((range) => [String(range.partition), range.last]),
  );
  if (missing.size === 0) return [];
  const events: LoggedEvent[] = [];
  const client = new EventHubConsumerClient('check', connectionString, hub);
  try {
    await new Promise<void>((resolve, reject) => {
      for (const partitionId of missing.keys()) {
        client.subscribe(
          partitionId,
          {
            processEvents: async (received) => {
              for (const event of received) {
                events.push({
                  topic: logicalTopic,
                  partition: Number(partitionId),
                  sequenceNumber: event.sequenceNumber,
                  enqueuedAt: event.enqueuedTimeUtc.getTime(),
                  body: event.body instanceof Buffer ? event.body : Buffer.from(String(event.body)),
                  fault: event.properties?.[FAULT_PROPERTY] as string | undefined,
                });
              }
              if ((received.at(-1)?.sequenceNumber ?? -1) >= (missing.get(partitionId) ?? Infinity)) {
                missing.delete(partitionId);
              }
              if (missing.size === 0) resolve();
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
  // What arrived after the ranges were taken is not part of this check.
  const lastOf = new Map(
    ranges.filter((range) => range.topic === hub).map((range) => [range.partition, range.last]),
  );
  return events.filter((event) => event.sequenceNumber <= (lastOf.get(event.partition) ?? -1));
}
