import { Link } from './link.ts';
import { MAX_UINT, SETTLE } from './performatives.ts';

/** A link on which the client receives. */
export class OutgoingLink extends Link {
  /** Called when the link may have room for messages that it had no room for before. */
  onSendable: () => void = () => this.drained();
  #deliveryCount = 0;
  #credit = 0;
  #draining = false;

  /** How many messages may be sent now. */
  get room(): number {
    return Math.min(this.#credit, this.session.room);
  }

  /** How many messages the client wants, whether or not its window has room for them. */
  get credit(): number {
    return this.#credit;
  }

  send(message: Buffer): void {
    this.#credit--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    this.session.send(this.handle, message, this.senderSettles !== SETTLE.unsettled);
  }

  /**
   * There is nothing to send, or no credit left: a client that asked to have its credit used up or taken back gets the
   * answer, once it has what was sent before.
   */
  drained(): void {
    if (!this.#draining || this.session.holds(this.handle)) return;
    this.#draining = false;
    this.#deliveryCount = (this.#deliveryCount + this.#credit) >>> 0;
    this.#credit = 0;
    this.sendFlow(true);
  }

  /** Takes what the client says about its credit. */
  flow(deliveryCount: number | undefined, credit: number, drain: boolean): void {
    // Its count lags behind ours by what is on the way.
    const onTheWay = (this.#deliveryCount - (deliveryCount ?? 0)) | 0;
    this.#credit = Math.min(MAX_UINT, Math.max(0, credit - onTheWay));
    this.#draining = drain;
    this.onSendable();
  }

  sendFlow(drain = false): void {
    const { handle } = this;
    this.session.sendFlow({ handle, deliveryCount: this.#deliveryCount, credit: this.#credit, drain });
  }
}
