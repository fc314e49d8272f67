import { createRequire } from 'node:module';
import type { EventHubsSettings } from './hostJson.ts';

type Prefetch = Pick<EventHubsSettings, 'maxEventBatchSize' | 'prefetchCount' | 'prefetchSizeInBytes'>;

/** What is used here of the AMQP library's receiver, which the client of Event Hubs keeps to itself. */
interface Receiver {
  readonly credit: number;
  readonly local: { readonly attach: { readonly properties?: Readonly<Record<string, unknown>> } };
  readonly observers: { on(event: 'message', listener: (context: ReceivedMessage) => void): void };
  add_credit(credit: number): void;
}
interface ReceivedMessage {
  readonly message: { readonly body?: { readonly content?: unknown } };
}

const { prototype } = (
  createRequire(import.meta.url)('rhea/lib/link.js') as { Receiver: { prototype: Receiver } }
).Receiver;
const { add_credit: addCredit } = prototype;

/** By the identifier that a client gives its receivers. */
const bounds = new Map<string, Prefetch>();
const windows = new WeakMap<Receiver, Window>();

/**
 * Makes the receivers of a client ask for events as those of the real host do: for no more than `prefetchCount` that are
 * not handed over, and with `prefetchSizeInBytes` for no more than fit into it, by the average size of the last ones (the first time, 256 KB).
 *
 * The JavaScript client has no bound in bytes; and with each read it asks for all that it has not got, also where that is
 * asked for already, so that what waits in memory can grow with each read.
 */
export function boundPrefetch(identifier: string, settings: Prefetch): void {
  bounds.set(identifier, settings);
  prototype.add_credit = addWithinBounds;
}

function addWithinBounds(this: Receiver, credit: number): void {
  const identifier = this.local.attach.properties?.['com.microsoft:receiver-name'];
  const settings = typeof identifier === 'string' ? bounds.get(identifier) : undefined;
  if (settings === undefined) {
    addCredit.call(this, credit);
    return;
  }
  // The client adds what is missing to this count.
  const waiting = Math.max(settings.prefetchCount, settings.maxEventBatchSize) - credit;
  const room = windowOf(this).room(waiting, settings.prefetchSizeInBytes);
  addCredit.call(this, Math.min(credit, room) - this.credit);
}

function windowOf(receiver: Receiver): Window {
  let window = windows.get(receiver);
  if (window === undefined) {
    window = new Window();
    windows.set(receiver, window);
    const { received } = window;
    receiver.observers.on('message', ({ message: { body } }) => {
      received.push(Buffer.isBuffer(body?.content) ? body.content.length : 0);
    });
  }
  return window;
}

/** What a receiver has got and not handed over, in bytes. */
class Window {
  /** Sizes of the messages, the newest last. */
  readonly received: number[] = [];
  #seen = 0;
  #average = 256 * 1024;

  /** How many more messages fit where so many are waiting; one at least where none is. */
  room(waiting: number, bytes: number | undefined): number {
    const { received } = this;
    const latest = received.slice(this.#seen);
    if (latest.length > 0) this.#average = Math.max(sum(latest) / latest.length, 1);
    received.splice(0, Math.max(received.length - waiting, 0));
    this.#seen = received.length;
    if (bytes === undefined) return Infinity;
    return Math.max(Math.floor((bytes - sum(received)) / this.#average), waiting === 0 ? 1 : 0);
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
