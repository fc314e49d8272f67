/** Links of consumers: stored events out, as fast as credit and the socket allow. */
import type { OutgoingLink } from './amqp/outgoingLink.ts';
import type { GroupMember } from './consumerGroups.ts';
import { withRuntimeMetrics } from './eventBytes.ts';
import type { Partition } from './hub.ts';
import type { PartitionLog } from './partitionLog.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import { parseSelector, resolveStart } from './startPosition.ts';

const SELECTOR_FILTER = 'apache.org:selector-filter:string';
const EPOCH = 'com.microsoft:epoch';
const RECEIVER_NAME = 'com.microsoft:receiver-name';
const RUNTIME_METRICS = 'com.microsoft:enable-receiver-runtime-metric';

/** Bytes sent in one turn of the event loop. */
const BURST_BYTES = 512 * 1024;
/** A slow reader's connection is left alone while it holds more bytes than this. */
const MAX_BACKLOG = 4 * 1024 * 1024;

/** Delivers one partition's events to one link, in order. */
export class PartitionReceiver implements GroupMember {
  readonly link: OutgoingLink;
  readonly name: string;
  readonly epoch: number | undefined;
  readonly #log: PartitionLog;
  readonly #wantsMetrics: boolean;
  readonly #leave: () => void;
  /** One function, however often it is left with those who call it. */
  readonly #wake = () => this.#schedule();
  #stopListening: () => void = () => {};
  #next = 0;
  #scheduled = false;
  #closed = false;

  /** `start` begins the delivery. */
  constructor(link: OutgoingLink, partition: Partition, consumerGroup: string) {
    this.link = link;
    this.name = String(link.properties.get(RECEIVER_NAME) ?? link.name);
    const epoch = link.properties.get(EPOCH) ?? undefined;
    this.epoch = epoch === undefined ? undefined : Number(epoch);
    this.#wantsMetrics = link.desiredCapabilities.includes(RUNTIME_METRICS);
    this.#log = partition.log;
    this.#leave = () => partition.consumerGroups.leave(consumerGroup, this);
  }

  /** Begins to deliver from a sequence number on. */
  start(sequenceNumber: number): void {
    this.#next = sequenceNumber;
    this.#stopListening = this.#log.onCommit(this.#wake);
    this.link.onSendable = this.#wake;
    this.link.onClosed = () => this.#stop();
  }

  #stop(): void {
    this.#closed = true;
    this.#stopListening();
    this.#leave();
  }

  /** Closes the link with an error and ends the delivery. */
  disconnect(refusal: Refusal): void {
    this.link.close(refusal);
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      try {
        if (!this.#closed) this.#deliver();
      } catch (error) {
        // Reading the log failed: this reader must hear of it, the others go on.
        this.disconnect({ condition: 'amqp:internal-error', description: String(error) });
      }
    });
  }

  #deliver(): void {
    const { connection } = this.link.session;
    const { room } = this.link;
    if (this.link.credit === 0 || this.#next >= this.#log.nextSequenceNumber) {
      this.link.drained();
      return;
    }
    if (room <= 0) return;
    if (connection.backlog > MAX_BACKLOG) {
      connection.whenDrained(this.#wake);
      return;
    }
    const messages = this.#log.read(this.#next, room, BURST_BYTES);
    for (const message of messages) {
      this.link.send(this.#wantsMetrics ? this.#withMetrics(message) : message);
    }
    this.#next += messages.length;
    this.#schedule();
  }

  #withMetrics(message: Buffer): Buffer {
    const last = this.#log.last;
    return last ? withRuntimeMetrics(message, last, Date.now()) : message;
  }
}

/** Attaches a consumer to a partition, or says why it may not read there. */
export function openReceiver(
  link: OutgoingLink,
  partition: Partition,
  consumerGroup: string,
): Refusal | undefined {
  const filter = link.source.filters.get(SELECTOR_FILTER) ?? undefined;
  const position = parseSelector(filter === undefined ? undefined : String(filter));
  if (isRefusal(position)) return position;
  const start = resolveStart(partition.log, position);
  if (isRefusal(start)) return start;
  const receiver = new PartitionReceiver(link, partition, consumerGroup);
  const refusal = partition.consumerGroups.admit(consumerGroup, receiver);
  if (refusal) return refusal;
  receiver.start(start);
  return undefined;
}
