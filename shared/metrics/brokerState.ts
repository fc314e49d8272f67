import type { EventHubConsumerClient } from '@azure/event-hubs';

/** Makes the client of one hub; it stays open until {@link BrokerState.close}. */
type ConnectHub = (hub: string) => Promise<EventHubConsumerClient>;

/** What a partition of a hub holds. */
export interface HeldPartition {
  readonly topic: string;
  readonly partition: number;
  /** First number that it holds, and the last one that it was given. */
  readonly beginning: number;
  readonly last: number;
  readonly isEmpty: boolean;
}

/** Hubs that answered, with their partitions; and those that did not, with why. */
export interface BrokerReading {
  readonly partitions: readonly HeldPartition[];
  /** When each hub was created: another time is another hub. */
  readonly createdAt: ReadonlyMap<string, Date>;
  readonly unreachable: ReadonlyMap<string, string>;
}

/** A hub that does not answer in this time is unknown in this run. */
const ANSWER_WITHIN_MS = 10_000;

/** Asks hubs what they hold, over connections that stay open between runs. */
export class BrokerState {
  readonly #connect: ConnectHub;
  readonly #answerWithinMs: number;
  readonly #clients = new Map<string, Promise<EventHubConsumerClient>>();

  constructor(connect: ConnectHub, answerWithinMs = ANSWER_WITHIN_MS) {
    this.#connect = connect;
    this.#answerWithinMs = answerWithinMs;
  }

  /** Never throws: a hub that does not answer is named in the result. */
  async read(topics: readonly string[]): Promise<BrokerReading> {
    const unreachable = new Map<string, string>();
    const createdAt = new Map<string, Date>();
    const read = async (topic: string) => {
      try {
        const { partitions, createdOn } = await this.#readHub(topic);
        createdAt.set(topic, createdOn);
        return partitions;
      } catch (error) {
        unreachable.set(topic, error instanceof Error ? error.name : 'unknown');
        await this.#forget(topic);
        return [];
      }
    };
    return { partitions: (await Promise.all(topics.map(read))).flat(), createdAt, unreachable };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.keys()].map((topic) => this.#forget(topic)));
  }

  async #readHub(topic: string): Promise<{ partitions: HeldPartition[]; createdOn: Date }> {
    const abortSignal = AbortSignal.timeout(this.#answerWithinMs);
    let client = this.#clients.get(topic);
    if (client === undefined) {
      client = this.#connect(topic);
      this.#clients.set(topic, client);
    }
    const hub = await client;
    const { partitionIds, createdOn } = await hub.getEventHubProperties({ abortSignal });
    const properties = await Promise.all(
      partitionIds.map((id) => hub.getPartitionProperties(id, { abortSignal })),
    );
    const partitions = properties.map(
      ({ partitionId, beginningSequenceNumber, lastEnqueuedSequenceNumber, isEmpty }) => ({
        topic,
        partition: Number(partitionId),
        beginning: beginningSequenceNumber,
        last: lastEnqueuedSequenceNumber,
        isEmpty,
      }),
    );
    return { partitions, createdOn };
  }

  /** The next run begins with a new connection. */
  async #forget(topic: string): Promise<void> {
    const client = this.#clients.get(topic);
    this.#clients.delete(topic);
    // Without a broker it would try to say goodbye for long: nobody waits for that.
    void client?.then((hub) => hub.close()).catch(() => {});
  }
}
