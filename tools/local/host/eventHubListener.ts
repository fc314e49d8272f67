import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CheckpointStore,
  EventHubConsumerClient,
  type PartitionContext,
  type ReceivedEventData,
  RetryMode,
  type Subscription,
} from '@azure/event-hubs';
import { type BatchFunction, runBatch } from './batchRunner.ts';
import type { EventHubsSettings } from './hostJson.ts';
import { OwnershipWatch } from './ownership.ts';
import { boundPrefetch } from './prefetch.ts';
import type { EventHubTrigger } from './triggerSettings.ts';

/** Time that running invocations get when the host stops, as in the real host. */
const DRAIN_MS = 5_000;
/** Time to release ownerships and close connections; the broker or the store may be gone already. */
const CLOSE_MS = 5_000;

/**
 * The client notices a lost connection only when its wait for events is over. With its default of a minute, the
 * restart of a broker would stop the host for as long.
 */
const MAX_WAIT_SECONDS = 2;
/**
 * Waits out a broker's restart of up to a minute. A reader that has given up starts again with the next round of
 * load balancing, which itself waits for half a minute after a failure.
 */
const RETRY = { mode: RetryMode.Exponential, maxRetries: 30, retryDelayInMs: 250, maxRetryDelayInMs: 2_000 };

/** Reads the partitions of one event hub that fall to this host, and runs a function on their events. */
export class EventHubListener {
  readonly #function: BatchFunction;
  readonly #watch: OwnershipWatch;
  readonly #client: EventHubConsumerClient;
  readonly #subscription: Subscription;
  readonly #category: string;
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  /** The lease under which each partition's events are received. */
  readonly #leases = new Map<string, AbortSignal>();

  /** Starts to listen at once. `hostName` begins the owner id that is seen in the checkpoint store. */
  constructor(
    hostName: string,
    batchFunction: BatchFunction,
    trigger: EventHubTrigger,
    settings: EventHubsSettings,
    store: CheckpointStore,
  ) {
    this.#function = batchFunction;
    this.#category = `Host.Triggers.EventHubs.${batchFunction.registration.metadata.name}`;
    const identifier = `${hostName}-${randomUUID()}`;
    this.#watch = new OwnershipWatch(store, identifier);
    boundPrefetch(identifier, settings);
    this.#client = new EventHubConsumerClient(
      trigger.consumerGroup,
      trigger.connectionString,
      trigger.eventHubName,
      this.#watch,
      {
        identifier,
        retryOptions: RETRY,
        loadBalancingOptions: {
          strategy: 'greedy',
          updateIntervalInMs: settings.loadBalancingUpdateIntervalMs,
          partitionOwnershipExpirationIntervalInMs: settings.partitionOwnershipExpirationIntervalMs,
        },
      },
    );
    this.#subscription = this.#client.subscribe(
      {
        processInitialize: async ({ partitionId }) => {
          this.#leases.set(partitionId, this.#watch.lease(partitionId));
          this.#log('information', `Reading partition ${partitionId}.`);
        },
        processEvents: (events, context) => this.#process(events, context),
        processError: async (error, { partitionId }) => {
          const where = partitionId ? `partition ${partitionId}` : 'load balancing';
          this.#log('warning', `${where}: ${error.name} ${error.message}`);
        },
        processClose: async (reason, { partitionId }) => {
          if (!this.#stopping.signal.aborted) this.#watch.giveUp(partitionId);
          this.#log('information', `No longer reading partition ${partitionId} (${reason}).`);
        },
      },
      {
        maxBatchSize: settings.maxEventBatchSize,
        prefetchCount: settings.prefetchCount,
        startPosition: settings.initialPosition,
        maxWaitTimeInSeconds: MAX_WAIT_SECONDS,
        // The client would parse bodies that look like JSON, and round their numbers.
        skipParsingBodyAsJson: true,
      },
    );
  }

  /**
   * Takes no more batches, gives running invocations five seconds, then releases the partitions. What was running
   * is not checkpointed: it is delivered again.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#watch.stop();
    await Promise.race([Promise.allSettled(this.#running), delay(DRAIN_MS, undefined, { ref: false })]);
    const close = async () => {
      await this.#subscription.close();
      await this.#client.close();
    };
    const failure = await Promise.race([
      close().catch((error: unknown) => error),
      delay(CLOSE_MS, 'it took too long', { ref: false }),
    ]);
    if (failure !== undefined) this.#log('warning', `The partitions may not have been released: ${failure}`);
  }

  /** The client calls this with one batch of a partition at a time, and waits for its end. */
  async #process(events: ReceivedEventData[], context: PartitionContext): Promise<void> {
    // With nothing to deliver the client calls too; the real host does not run a function then.
    if (events.length === 0) return;
    // What the client still holds when the host stops is left to the next host.
    if (this.#stopping.signal.aborted) return new Promise(() => {});
    const lease = this.#leases.get(context.partitionId) ?? AbortSignal.abort();
    if (lease.aborted) throw new PartitionLostError(context.partitionId);
    const run = this.#runAndCheckpoint(events, context, lease);
    this.#running.add(run);
    try {
      await run;
    } finally {
      this.#running.delete(run);
    }
    if (lease.aborted) throw new PartitionLostError(context.partitionId);
  }

  /**
   * Where another host takes the partition meanwhile, the attempt that runs is not cancelled: as in the real host, it stores
   * and sets the checkpoint. There is no further attempt.
   */
  async #runAndCheckpoint(events: ReceivedEventData[], context: PartitionContext, lease: AbortSignal) {
    const stop = AbortSignal.any([lease, this.#stopping.signal]);
    const isDone = await runBatch(this.#function, events, context, stop);
    const last = events.at(-1);
    if (!isDone || this.#stopping.signal.aborted || !last) return;
    try {
      await context.updateCheckpoint(last);
    } catch (error) {
      // The next batch writes a later one. Until then a restart delivers this batch again.
      this.#log('error', `The checkpoint of partition ${context.partitionId} was not written: ${error}`);
    }
  }

  #log(level: 'information' | 'warning' | 'error', message: string): void {
    this.#function.log(level, this.#category, message);
  }
}

/** Thrown at the client, which takes it for the broker's own refusal and stops to read the partition. */
class PartitionLostError extends Error {
  readonly code = 'ReceiverDisconnectedError';
  readonly retryable = false;

  constructor(partitionId: string) {
    super(`Another host has taken partition ${partitionId}.`);
    this.name = 'PartitionLostError';
  }
}
