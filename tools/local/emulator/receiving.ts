/** Links of consumers: stored events out, as fast as credit and the socket allow. */
import type { Socket } from 'node:net';
import type { Sender } from 'rhea';
import type { GroupMember } from './consumerGroups.ts';
import { withRuntimeMetrics } from './eventBytes.ts';
import type { Partition } from './hub.ts';
import type { PartitionLog } from './partitionLog.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import { whenDrained } from './socketDrain.ts';
import { parseSelector, resolveStart } from './startPosition.ts';

const SELECTOR_FILTER = 'apache.org:selector-filter:string';
const EPOCH = 'com.microsoft:epoch';
const RECEIVER_NAME = 'com.microsoft:receiver-name';
const RUNTIME_METRICS = 'com.microsoft:enable-receiver-runtime-metric';

/** Bytes handed to rhea in one go; between two turns it writes them to the socket. */
const BURST_BYTES = 512 * 1024;
/** A slow reader's socket is left alone while it holds more than this. */
const MAX_SOCKET_BACKLOG = 4 * 1024 * 1024;

/** The parts of rhea's sender that its typings leave out. */
interface SenderInternals {
  credit: number;
  session: { outgoing: { available(): number; next_delivery_id: number; next_pending_delivery: number } };
}

/** Delivers one partition's events to one link, in order. */
export class PartitionReceiver implements GroupMember {
  readonly link: Sender;
  readonly name: string;
  readonly epoch: number | undefined;
  readonly #log: PartitionLog;
  readonly #wantsMetrics: boolean;
  readonly #leave: () => void;
  #stopListening: () => void = () => {};
  #next = 0;
  #scheduled = false;
  #closed = false;

  /** `start` begins the delivery. */
  constructor(link: Sender, partition: Partition, consumerGroup: string) {
    this.link = link;
    this.name = String(link.properties?.[RECEIVER_NAME] ?? link.name);
    const epoch: unknown = link.properties?.[EPOCH];
    this.epoch = epoch === undefined || epoch === null ? undefined : Number(epoch);
    this.#wantsMetrics = [link.desired_capabilities].flat().some((name) => String(name) === RUNTIME_METRICS);
    this.#log = partition.log;
    this.#leave = () => partition.consumerGroups.leave(consumerGroup, this);
  }

  /** Begins to deliver from a sequence number on. */
  start(sequenceNumber: number): void {
    this.#next = sequenceNumber;
    this.#stopListening = this.#log.onCommit(() => this.#schedule());
    // rhea reports this when credit arrives and when its own full buffer has room again.
    this.link.on('sendable', () => this.#schedule());
  }

  /** Ends the delivery; the link is gone or about to go. */
  stop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening();
    this.#leave();
  }

  /** Closes the link with an error and ends the delivery. */
  disconnect(refusal: Refusal): void {
    this.stop();
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
    const socket: Socket = this.link.connection.socket;
    const room = this.#room();
    if (room <= 0 || this.#next >= this.#log.nextSequenceNumber) return;
    if (socket.writableLength > MAX_SOCKET_BACKLOG) {
      whenDrained(socket, () => this.#schedule());
      return;
    }
    const messages = this.#log.read(this.#next, room, BURST_BYTES);
    // rhea writes a frame at a time, in the next tick: all of them go out in one system call.
    socket.cork();
    try {
      for (const message of messages) {
        this.link.send(this.#wantsMetrics ? this.#withMetrics(message) : message, undefined, 0);
      }
    } finally {
      process.nextTick(() => socket.uncork());
    }
    this.#next += messages.length;
    this.#schedule();
  }

  /** How many more events the client allows. rhea lowers the credit when it writes, so what it still holds counts too. */
  #room(): number {
    const { credit, session } = this.link as unknown as SenderInternals;
    const held = session.outgoing.next_delivery_id - session.outgoing.next_pending_delivery;
    return Math.min(credit - held, session.outgoing.available());
  }

  #withMetrics(message: Buffer): Buffer {
    const last = this.#log.last;
    return last ? withRuntimeMetrics(message, last, Date.now()) : message;
  }
}

/** Attaches a consumer to a partition, or says why it may not read there. */
export function openReceiver(
  link: Sender,
  partition: Partition,
  consumerGroup: string,
): PartitionReceiver | Refusal {
  // rhea keeps the filter as a described value; its text is the selector.
  const filter: unknown = link.source.filter?.[SELECTOR_FILTER];
  const position = parseSelector(filter === undefined ? undefined : String(filter));
  if (isRefusal(position)) return position;
  const start = resolveStart(partition.log, position);
  if (isRefusal(start)) return start;
  const receiver = new PartitionReceiver(link, partition, consumerGroup);
  const refusal = partition.consumerGroups.admit(consumerGroup, receiver);
  if (refusal) return refusal;
  receiver.start(start);
  return receiver;
}
