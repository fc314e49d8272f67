/** Starting the Event Hubs emulator in tests, and talking to it through the real client. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EventHubConsumerClient,
  EventHubProducerClient,
  earliestEventPosition,
  type ReceivedEventData,
  type SubscribeOptions,
  type SubscriptionEventHandlers,
} from '@azure/event-hubs';
import type { TestContext } from 'vitest';
import { type Emulator, type HubDefinition, startEmulator } from '../../tools/local/emulator/emulator.ts';

/** Without it the client takes minutes to report an error: it retries three times, 30 seconds apart. */
export const FAIL_FAST = { retryOptions: { maxRetries: 0, timeoutInMs: 20_000 } };

/** Runs the step after the test, last things first: clients close before the emulator, which closes its files. */
export function afterwards(t: TestContext, step: () => unknown): void {
  t.onTestFinished(async () => {
    await step();
  });
}

/** A directory that is removed after the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'event-hubs-emulator-'));
  afterwards(t, () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts the emulator, on a free port unless told otherwise; it is stopped after the test if the test did not do so. */
export async function startedEmulator(
  t: TestContext,
  hubs: HubDefinition[],
  { directory = temporaryDirectory(t), port = 0 } = {},
): Promise<Emulator> {
  const emulator = await startEmulator({ port, directory, hubs });
  afterwards(t, () => emulator.stop());
  return emulator;
}

/** A producer that is closed after the test. */
export function producerFor(t: TestContext, connectionString: string, hub: string): EventHubProducerClient {
  const producer = new EventHubProducerClient(connectionString, hub, FAIL_FAST);
  afterwards(t, () => producer.close());
  return producer;
}

/** A consumer that is closed after the test. */
export function consumerFor(
  t: TestContext,
  connectionString: string,
  hub: string,
  consumerGroup = '$Default',
): EventHubConsumerClient {
  const consumer = new EventHubConsumerClient(consumerGroup, connectionString, hub, FAIL_FAST);
  afterwards(t, () => consumer.close());
  return consumer;
}

/** What a subscription has seen so far. */
export interface Reading {
  events: ReceivedEventData[];
  byPartition: Map<string, ReceivedEventData[]>;
  errors: (Error & { code?: string })[];
  closeReasons: string[];
  /** Partitions whose reader has been set up by the client. */
  initialized: Set<string>;
  close(): Promise<void>;
}

/** Subscribes to a partition, or to all of them, and collects. It starts with the earliest event. */
export function read(
  t: TestContext,
  consumer: EventHubConsumerClient,
  options: SubscribeOptions & { partition?: string } = {},
): Reading {
  const { partition, ...subscribeOptions } = options;
  const reading: Omit<Reading, 'close'> = {
    events: [],
    byPartition: new Map(),
    errors: [],
    closeReasons: [],
    initialized: new Set(),
  };
  const handlers: SubscriptionEventHandlers = {
    processInitialize: async (context) => {
      reading.initialized.add(context.partitionId);
    },
    processEvents: async (events, context) => {
      reading.events.push(...events);
      const seen = reading.byPartition.get(context.partitionId) ?? [];
      reading.byPartition.set(context.partitionId, [...seen, ...events]);
    },
    processError: async (error) => {
      reading.errors.push(error);
    },
    processClose: async (reason) => {
      reading.closeReasons.push(reason);
    },
  };
  const all = {
    startPosition: earliestEventPosition,
    maxBatchSize: 500,
    maxWaitTimeInSeconds: 1,
    skipParsingBodyAsJson: true,
    ...subscribeOptions,
  };
  const subscription =
    partition === undefined
      ? consumer.subscribe(handlers, all)
      : consumer.subscribe(partition, handlers, all);
  afterwards(t, () => subscription.close());
  return Object.assign(reading, { close: () => subscription.close() });
}

/** Waits until the condition holds. The deadline is for broken code only: it says nothing about speed. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Gave up waiting until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The body as text; bodies arrive as Buffers here. */
export function bodyText(event: ReceivedEventData): string {
  return (event.body as Buffer).toString();
}
