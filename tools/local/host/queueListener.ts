import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { type BatchFunction, newTraceContext } from './batchRunner.ts';
import type { TypedData } from './coreTypes.ts';
import type { QueuesSettings } from './hostJson.ts';
import { invoke } from './invocation.ts';
import { type QueueOutput, sendReturned, sendText } from './queueOutput.ts';
import type { QueueTrigger } from './triggerSettings.ts';

const SHORTEST_POLL_MS = 100;
/** Time that running invocations get when the host stops. */
const DRAIN_MS = 5_000;

/** Runs a function on the messages of a queue. One that failed too often goes to the queue's poison queue. */
export class QueueListener {
  readonly #function: Omit<BatchFunction, 'retry'>;
  readonly #queue: QueueClient;
  readonly #poison: QueueClient;
  readonly #returnTo: QueueOutput | undefined;
  readonly #settings: QueuesSettings;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  /** Starts to listen at once. */
  constructor(runs: Omit<BatchFunction, 'retry'>, trigger: QueueTrigger, settings: QueuesSettings) {
    this.#function = runs;
    this.#settings = settings;
    this.#queue = new QueueClient(trigger.connectionString, trigger.queueName);
    this.#poison = new QueueClient(trigger.connectionString, `${trigger.queueName}-poison`);
    this.#returnTo = trigger.returnTo;
    this.#ended = this.#listen();
  }

  /** Takes no more messages. One that does not end in time comes back when it is visible again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#ended, delay(DRAIN_MS, undefined, { ref: false })]);
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stopping;
    for (let wait = SHORTEST_POLL_MS; !signal.aborted; ) {
      try {
        await this.#queue.createIfNotExists();
        const { receivedMessageItems: messages } = await this.#queue.receiveMessages({
          numberOfMessages: Math.min(this.#settings.batchSize, 32),
          visibilityTimeout: this.#settings.hiddenSeconds,
        });
        await Promise.all(messages.map((message) => this.#process(message)));
        wait =
          messages.length > 0 ? SHORTEST_POLL_MS : Math.min(wait * 2, this.#settings.maxPollingIntervalMs);
      } catch (error) {
        wait = Math.min(wait * 2, this.#settings.maxPollingIntervalMs);
        this.#log('warning', `The queue ${this.#queue.name} could not be read: ${(error as Error).message}`);
      }
      await delay(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async #process(message: DequeuedMessageItem): Promise<void> {
    const { app, registration, bindingName, log } = this.#function;
    const { name } = registration.metadata;
    const text = Buffer.from(message.messageText, 'base64').toString('utf8');
    const invocationId = randomUUID();
    const request = {
      invocationId,
      functionId: name,
      inputData: [{ name: bindingName, data: typed(text) }],
      triggerMetadata: triggerMetadata(message, text),
      traceContext: newTraceContext(),
    };
    const hidden = this.#keepHidden(message);
    const result = await invoke(app, registration, request, log);
    const popReceipt = await hidden.end();
    const what = `message ${message.messageId}, delivery ${message.dequeueCount}`;
    if (result.ok) {
      if (this.#returnTo !== undefined) await sendReturned(this.#returnTo, result.response.returnValue);
      await this.#queue.deleteMessage(message.messageId, popReceipt);
      log('information', `Function.${name}`, `Executed '${name}' (Succeeded, ${what}).`, invocationId);
      return;
    }
    log(
      'error',
      `Function.${name}`,
      `Executed '${name}' (Failed, ${what}): ${result.error.stack}`,
      invocationId,
    );
    // As in the real host it stays hidden, whatever host.json says.
    if (message.dequeueCount < this.#settings.maxDequeueCount) return;
    await sendText(this.#poison, text);
    await this.#queue.deleteMessage(message.messageId, popReceipt);
    this.#log('warning', `Message ${message.messageId} has been moved to the queue ${this.#poison.name}.`);
  }

  /** Hides the message again and again; each time it has another receipt, the last of which is returned in the end. */
  #keepHidden({ messageId, messageText, popReceipt }: DequeuedMessageItem): { end(): Promise<string> } {
    const stop = new AbortController();
    const { hiddenSeconds } = this.#settings;
    const hide = async () => {
      let receipt = popReceipt;
      while (!stop.signal.aborted) {
        await delay(hiddenSeconds * 500, undefined, { signal: stop.signal }).catch(() => undefined);
        if (stop.signal.aborted) break;
        const hidden = await this.#queue.updateMessage(messageId, receipt, messageText, hiddenSeconds);
        receipt = hidden.popReceipt ?? receipt;
      }
      return receipt;
    };
    const running = hide();
    running.catch(() => {});
    return {
      end: () => {
        stop.abort();
        return running;
      },
    };
  }

  #log(level: 'information' | 'warning', message: string): void {
    const { log, registration } = this.#function;
    log(level, `Host.Triggers.Queues.${registration.metadata.name}`, message);
  }
}

/** JSON is parsed by the library, other text is handed over as it is. */
function typed(text: string): TypedData {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { json: text } : { string: text };
  } catch {
    return { string: text };
  }
}

/** As the real host sends it: members of a JSON object take the place of built-in ones of the same name. */
function triggerMetadata(message: DequeuedMessageItem, text: string): Record<string, TypedData> {
  const data = typed(text);
  const members = 'json' in data ? Object.entries(JSON.parse(text) as object) : [];
  const scalars = members.filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  const time = (date: Date) => ({ json: JSON.stringify(date.toISOString().replace(/\.\d+Z$/, '+00:00')) });
  return {
    QueueTrigger: { string: text },
    DequeueCount: { json: String(message.dequeueCount) },
    Id: { string: message.messageId },
    PopReceipt: { string: message.popReceipt },
    InsertionTime: time(message.insertedOn),
    ExpirationTime: time(message.expiresOn),
    NextVisibleTime: time(message.nextVisibleOn),
    ...Object.fromEntries(
      scalars.map(([name, value]) => [
        `${name[0]?.toUpperCase()}${name.slice(1)}`,
        { string: String(value) },
      ]),
    ),
  };
}
