import { ATTACH, Link, type LinkSession } from './link.ts';
import type { AmqpError, Fields, LinkFlow } from './performatives.ts';

/** A whole message that came in on a link. */
export interface IncomingMessage {
  readonly bytes: Buffer;
  readonly format: number;
  /** Accepts the message or refuses it, and gives its credit back. To be called once. */
  settle(error?: AmqpError): void;
}

interface PartialDelivery {
  readonly id: number;
  readonly format: number;
  readonly chunks: Buffer[];
  size: number;
  settled: boolean;
}

/** Fields of a transfer by their place. */
const TRANSFER = { id: 1, format: 3, settled: 4, more: 5, aborted: 9 } as const;

/** A link on which the client sends. */
export class IncomingLink extends Link {
  readonly maxMessageSize: number;
  #deliveryCount: number;
  #credit = 0;
  #flowIsDue = false;
  #partial: PartialDelivery | undefined;
  #onMessage: (message: IncomingMessage) => void = () => {};

  constructor(session: LinkSession, attach: Fields, maxMessageSize: number) {
    super(session, attach);
    this.maxMessageSize = maxMessageSize;
    this.#deliveryCount = attach.number(ATTACH.initialDeliveryCount) ?? 0;
  }

  /**
   * Takes messages, `credit` of them ahead of their settlement: credit is given back when a message is settled and not
   * when it arrives, which slows a client down when serving is slower than sending.
   */
  serve(credit: number, onMessage: (message: IncomingMessage) => void): void {
    this.#onMessage = onMessage;
    this.#credit = credit;
  }

  override opened(): void {
    super.opened();
    this.sendFlow();
  }

  /** Takes a frame of a delivery. */
  transfer(fields: Fields, payload: Buffer): void {
    this.#partial ??= this.#begin(fields);
    const partial = this.#partial;
    if (partial === undefined) return;
    partial.settled ||= fields.flag(TRANSFER.settled);
    partial.size += payload.length;
    // What is too large is counted and not kept; frames without content would be kept for ever.
    if (payload.length > 0 && partial.size <= this.maxMessageSize) partial.chunks.push(payload);
    if (fields.flag(TRANSFER.aborted)) {
      this.#partial = undefined;
      this.#giveBack();
    } else if (!fields.flag(TRANSFER.more)) {
      this.#partial = undefined;
      this.#deliver(partial);
    }
  }

  sendFlow(): void {
    this.session.sendFlow(this.#flow());
  }

  #flow(): LinkFlow {
    return {
      handle: this.handle,
      deliveryCount: this.#deliveryCount,
      credit: this.#credit,
      drain: false,
    };
  }

  #begin(fields: Fields): PartialDelivery | undefined {
    if (this.#credit === 0) {
      this.close({
        condition: 'amqp:link:transfer-limit-exceeded',
        description: 'A message was sent without credit.',
      });
      return undefined;
    }
    this.#credit--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    const format = fields.number(TRANSFER.format) ?? 0;
    return { id: fields.required(TRANSFER.id), format, chunks: [], size: 0, settled: false };
  }

  #deliver({ id, format, chunks, size, settled }: PartialDelivery): void {
    const settle = (error?: AmqpError) => {
      // A sender that settled its delivery itself has forgotten it, and its tag with it.
      if (error !== undefined) {
        this.session.refused(`a message to '${this.target.address}' was refused: ${error.description}`);
      }
      if (!settled) this.session.settle(id, error);
      this.#giveBack();
    };
    if (size > this.maxMessageSize) {
      settle({
        condition: 'amqp:link:message-size-exceeded',
        description: `The received message of ${size} bytes exceeds the limit of ${this.maxMessageSize} bytes.`,
      });
      return;
    }
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.#onMessage({ bytes, format, settle });
  }

  /** What is given back in one turn of the event loop is told in one flow. */
  #giveBack(): void {
    this.#credit++;
    if (this.#flowIsDue) return;
    this.#flowIsDue = true;
    process.nextTick(() => {
      this.#flowIsDue = false;
      if (this.attached) this.sendFlow();
    });
  }
}
