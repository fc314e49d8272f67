/** What the links of a session have in common in both directions (AMQP 1.0, 2.6), from the server's side. */
import type { Value } from './decode.ts';
import { type AmqpError, type Fields, type LinkFlow, SETTLE } from './performatives.ts';
import { readTerminus, type Terminus } from './terminus.ts';

/** Fields of an attach by their place. */
export const ATTACH = {
  name: 0,
  handle: 1,
  role: 2,
  senderSettles: 3,
  source: 5,
  target: 6,
  initialDeliveryCount: 9,
  desiredCapabilities: 12,
  properties: 13,
} as const;

/** A link on which answers go out. */
export interface AnswerLink {
  readonly attached: boolean;
  readonly source: Terminus;
  readonly target: Terminus;
  send(message: Buffer): void;
}

/** The connection of a link, as far as those who serve the link need it. */
export interface LinkConnection {
  /** Bytes that wait for the client to read them. */
  readonly backlog: number;
  readonly outgoingLinks: readonly AnswerLink[];
  whenDrained(wake: () => void): void;
}

/** The session of a link: what the link does through it. */
export interface LinkSession {
  readonly connection: LinkConnection;
  readonly outgoingLinks: readonly AnswerLink[];
  /** How many frames the client takes now. */
  readonly room: number;
  /** Whether something that a link has sent waits for room. */
  holds(handle: number): boolean;
  detach(handle: number, closed: boolean, error: AmqpError | undefined): void;
  settle(id: number, error: AmqpError | undefined): void;
  /** Writes into the log why something was refused. */
  refused(text: string): void;
  sendFlow(link: LinkFlow | undefined): void;
  send(handle: number, message: Buffer, settled: boolean): void;
}

export abstract class Link {
  readonly session: LinkSession;
  readonly name: string;
  readonly handle: number;
  /** How deliveries are settled, as the client asked for: on an incoming link it decides, on an outgoing one we follow. */
  readonly senderSettles: number;
  readonly source: Terminus;
  readonly target: Terminus;
  readonly properties: ReadonlyMap<Value, Value>;
  readonly desiredCapabilities: readonly Value[];
  /** Called once, when the link is gone in whatever way. */
  onClosed: () => void = () => {};
  #state: 'attaching' | 'attached' | 'detaching' | 'closed' = 'attaching';

  constructor(session: LinkSession, attach: Fields) {
    this.session = session;
    this.name = attach.text(ATTACH.name) ?? '';
    this.handle = attach.required(ATTACH.handle);
    this.senderSettles = attach.number(ATTACH.senderSettles) ?? SETTLE.mixed;
    this.source = readTerminus(attach.raw(ATTACH.source));
    this.target = readTerminus(attach.raw(ATTACH.target));
    const properties = attach.value(ATTACH.properties);
    this.properties = properties instanceof Map ? properties : new Map<Value, Value>();
    // A single one may stand without a list around it.
    this.desiredCapabilities = [attach.value(ATTACH.desiredCapabilities)].flat();
  }

  get attached(): boolean {
    return this.#state === 'attached';
  }

  /** The answer to the attach was sent. */
  opened(): void {
    this.#state = 'attached';
  }

  /** Ends the link with an error. It stays known until the client has answered. */
  close(error: AmqpError): void {
    if (this.#state !== 'attached') return;
    this.#state = 'detaching';
    this.session.detach(this.handle, true, error);
    this.#end();
  }

  /** The link was refused when it was to be attached: nobody serves it. */
  refused(): void {
    this.#state = 'detaching';
  }

  /** The client closed the link, or what carries it is gone. Says whether it was open until now. */
  gone(): boolean {
    const open = this.#state === 'attached';
    this.#state = 'closed';
    if (open) this.#end();
    return open;
  }

  #end(): void {
    const { onClosed } = this;
    this.onClosed = () => {};
    onClosed();
  }
}
