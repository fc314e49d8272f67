import { setTimeout as delay } from 'node:timers/promises';
import type { EventHubConsumerClient } from '@azure/event-hubs';
import type { BrokerEvent } from '../ingest/brokerEvent.ts';
import { brokerEventOf } from '../ingest/receivedEvent.ts';
import type { NumberRange } from '../store/replay/missingNumbers.ts';

/** Makes the client of one hub; whoever asks closes it. */
export type ConnectHub = (hub: string) => Promise<EventHubConsumerClient>;

/** What a partition holds: numbers below `first` are past its retention; `last` is below `first` where it is empty. */
export interface HeldNumbers {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** The hub could not be read. The message says which, where, and why. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** @param namespace where the hub is, if it is known there. */
  constructor(hub: string, cause: unknown, namespace?: string) {
    const where = namespace === undefined ? '' : `Event Hubs at ${namespace}: `;
    super(`The hub ${hub} could not be read (${where}${reasonOf(cause)}).`);
  }
}

/** The client's own errors say little where it never came to talk to the service. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // Of several attempts.
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors.at(-1));
  const { code, message, name, address, port } = cause as Error &
    Partial<Record<'code' | 'address' | 'port', string>>;
  if (name === 'AbortError' || name === 'TimeoutError')
    return 'it did not answer in time; does the network let us through?';
  const reached = address === undefined ? '' : ` at ${address}:${port}`;
  const text = message.trim().replace(/\.$/, '') || `it cannot be reached${reached}: ${code ?? name}`;
  return code === 'UnauthorizedError'
    ? `the login was refused: ${text}. Is the key in EventHubs right, or has the identity the role Azure Event Hubs Data Receiver?`
    : text;
}

const PAGE = 500;
/** A hub that does not say in this time what it holds can't be read. */
const ANSWER_WITHIN_MS = 15_000;
/** Without an answer, a client would try to say goodbye for minutes. */
const CLOSE_WITHIN_MS = 2_000;
/** The hub says that it holds an event, and does not deliver it: then its connection is not what it seems. */
const STALLED_AFTER_MS = 60_000;

/** Reads chosen sequence numbers from a hub, beside the consumer and without its checkpoints. */
export class HubReader {
  readonly #connect: ConnectHub;
  readonly #answerWithinMs: number;

  constructor(connect: ConnectHub, answerWithinMs = ANSWER_WITHIN_MS) {
    this.#connect = connect;
    this.#answerWithinMs = answerWithinMs;
  }

  /** What partitions of a hub hold; those are left out that it does not have. All of them where none is named. */
  async heldNumbers(hub: string, partitions?: readonly number[]): Promise<HeldNumbers[]> {
    const client = await this.#connect(hub);
    const abortSignal = AbortSignal.timeout(this.#answerWithinMs);
    try {
      const all = await client.getPartitionIds({ abortSignal });
      const ids = partitions === undefined ? all : partitions.map(String).filter((id) => all.includes(id));
      const properties = await Promise.all(
        ids.map((id) => client.getPartitionProperties(id, { abortSignal })),
      );
      return properties.map((held) => ({
        partition: Number(held.partitionId),
        first: held.beginningSequenceNumber,
        last: held.isEmpty ? held.beginningSequenceNumber - 1 : held.lastEnqueuedSequenceNumber,
      }));
    } catch (error) {
      throw new HubError(hub, error, client.fullyQualifiedNamespace);
    } finally {
      await closeSoon(client);
    }
  }

  /**
   * Hands over the events of a range that the partition holds, page by page, each with the range that it covers.
   * Stops after a page for which `take` returns false.
   */
  async read(
    hub: string,
    partition: number,
    { from, to }: NumberRange,
    take: (events: readonly BrokerEvent[], covers: NumberRange) => Promise<boolean>,
  ): Promise<void> {
    const client = await this.#connect(hub);
    let next = from;
    let stall: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const expectProgress = () => {
          clearTimeout(stall);
          const stalled = new HubError(hub, `it does not deliver what it holds of partition ${partition}`);
          stall = setTimeout(() => reject(stalled), STALLED_AFTER_MS);
        };
        expectProgress();
        client.subscribe(
          String(partition),
          {
            processEvents: async (received) => {
              if (received.length === 0 || next > to) return;
              clearTimeout(stall);
              const events = received.filter(({ sequenceNumber }) => sequenceNumber <= to);
              const covers = { from: next, to: Math.min(received.at(-1)!.sequenceNumber, to) };
              next = covers.to + 1;
              try {
                const goOn = await take(
                  events.map((event) => brokerEventOf(event, partition)),
                  covers,
                );
                if (goOn && next <= to) expectProgress();
                else resolve();
              } catch (error) {
                reject(error);
              }
            },
            processError: async (error) => reject(new HubError(hub, error, client.fullyQualifiedNamespace)),
          },
          {
            startPosition: { sequenceNumber: from, isInclusive: true },
            maxBatchSize: PAGE,
            // A range is seldom a full page: what is there comes after a second.
            maxWaitTimeInSeconds: 1,
            skipParsingBodyAsJson: true,
          },
        );
      });
    } finally {
      clearTimeout(stall);
      next = Infinity;
      await closeSoon(client);
    }
  }
}

async function closeSoon(client: EventHubConsumerClient): Promise<void> {
  const given = new AbortController();
  const goodbye = client.close().catch(() => {});
  await Promise.race([goodbye, delay(CLOSE_WITHIN_MS, undefined, { signal: given.signal }).catch(() => {})]);
  given.abort();
}
