/** A session (AMQP 1.0, 2.5): numbered transfers in both directions, and the links that share them. */
import { IncomingLink } from './incomingLink.ts';
import type { LinkConnection, LinkSession } from './link.ts';
import { OutgoingLink } from './outgoingLink.ts';
import {
  type AmqpError,
  encodeAttach,
  encodeBegin,
  encodeDetach,
  encodeDisposition,
  encodeEnd,
  encodeFlow,
  type Fields,
  type LinkFlow,
  PERFORMATIVE,
  ROLE,
} from './performatives.ts';
import { NO_TERMINUS } from './terminus.ts';
import { TRANSFER_HEAD_SIZE, transferHead } from './transferHead.ts';
import { MalformedAmqp } from './walk.ts';

/** The numbers of the service. */
const INCOMING_WINDOW = 5_000;
const OUTGOING_WINDOW = 2 ** 31 - 1;
const HANDLE_MAX = 255;

/** What is served on the links of a connection. A refusal is returned; links that are not refused are open then. */
export interface Service {
  readonly maxMessageSize: number;
  openIncoming(link: IncomingLink): AmqpError | undefined;
  openOutgoing(link: OutgoingLink): AmqpError | undefined;
  /** Writes into the log why something was refused. */
  refused(text: string): void;
}

/** The connection of a session: what the session does through it. */
export interface SessionConnection extends LinkConnection {
  readonly service: Service;
  readonly maxFrameSize: number;
  write(...parts: Buffer[]): void;
  writeFrame(channel: number, body: Buffer): void;
  forget(channel: number, session: Session): void;
}

type Link = IncomingLink | OutgoingLink;

export class Session implements LinkSession {
  readonly connection: SessionConnection;
  readonly #channel: number;
  readonly #links = new Map<number, Link>();
  #nextIncomingId: number;
  #incomingWindow = INCOMING_WINDOW;
  #nextOutgoingId = 0;
  #remoteWindow: number;
  #nextDeliveryId = 0;
  /** Frames that the client's window has no room for yet, with the link of each. */
  #held: [handle: number, head: Buffer, payload: Buffer][] = [];
  /** Deliveries that were accepted in this turn of the event loop, as long as they follow each other. */
  #accepted: { first: number; last: number } | undefined;
  #gone = false;

  /** Answers a begin. Both directions use the client's channel number. */
  constructor(connection: SessionConnection, channel: number, begin: Fields) {
    this.connection = connection;
    this.#channel = channel;
    this.#nextIncomingId = begin.required(1);
    this.#remoteWindow = begin.required(2);
    this.#write(
      encodeBegin({
        remoteChannel: channel,
        nextOutgoingId: this.#nextOutgoingId,
        incomingWindow: this.#incomingWindow,
        outgoingWindow: OUTGOING_WINDOW,
        handleMax: HANDLE_MAX,
      }),
    );
  }

  /** How many frames the client takes now; what is held goes first. */
  get room(): number {
    return this.#held.length > 0 ? 0 : Math.max(0, this.#remoteWindow);
  }

  get outgoingLinks(): OutgoingLink[] {
    return [...this.#links.values()].filter((link) => link instanceof OutgoingLink);
  }

  /** Takes a performative that belongs to the session. */
  take(code: number, fields: Fields, payload: Buffer): void {
    switch (code) {
      case PERFORMATIVE.attach:
        this.#attach(fields);
        break;
      case PERFORMATIVE.flow:
        this.#flow(fields);
        break;
      case PERFORMATIVE.transfer:
        this.#transfer(fields, payload);
        break;
      case PERFORMATIVE.disposition:
        this.#disposition(fields);
        break;
      case PERFORMATIVE.detach:
        this.#detached(fields);
        break;
      case PERFORMATIVE.end:
        this.#end(undefined);
        break;
      default:
        throw new MalformedAmqp(`performative 0x${code.toString(16)} in a session`);
    }
  }

  #attach(fields: Fields): void {
    const { service } = this.connection;
    const role = fields.flag(2);
    const link =
      role === ROLE.receiver
        ? new OutgoingLink(this, fields)
        : new IncomingLink(this, fields, service.maxMessageSize);
    if (link.handle > HANDLE_MAX || this.#links.has(link.handle)) {
      this.#end({
        condition: link.handle > HANDLE_MAX ? 'amqp:connection:framing-error' : 'amqp:session:handle-in-use',
        description: `The handle ${link.handle} is in use, or larger than ${HANDLE_MAX}.`,
      });
      return;
    }
    this.#links.set(link.handle, link);
    const refusal = link instanceof OutgoingLink ? service.openOutgoing(link) : service.openIncoming(link);
    // A link that is refused is attached without the terminus that was asked for, and then detached (2.6.3).
    const made = (bytes: Buffer, here: boolean) => (refusal !== undefined && here ? NO_TERMINUS : bytes);
    const isSender = link instanceof OutgoingLink;
    this.#write(
      encodeAttach({
        name: link.name,
        handle: link.handle,
        role: isSender ? ROLE.sender : ROLE.receiver,
        senderSettles: link.senderSettles,
        source: made(link.source.bytes, isSender),
        target: made(link.target.bytes, !isSender),
        initialDeliveryCount: isSender ? 0 : undefined,
        maxMessageSize: service.maxMessageSize,
      }),
    );
    if (refusal === undefined) link.opened();
    else {
      link.refused();
      this.refused(`a link was refused: ${refusal.description}`);
      this.detach(link.handle, true, refusal);
    }
  }

  /** Takes the client's detach, and answers it where it came first. */
  #detached(fields: Fields): void {
    const handle = fields.required(0);
    const link = this.#links.get(handle);
    this.#links.delete(handle);
    this.#drop(handle);
    if (link?.gone()) this.detach(handle, fields.flag(1), undefined);
  }

  detach(handle: number, closed: boolean, error: AmqpError | undefined): void {
    this.#drop(handle);
    this.#write(encodeDetach(handle, closed, error));
  }

  /** What a link that is gone has not sent yet is not sent: the client may give its handle to another link. */
  #drop(handle: number): void {
    this.#held = this.#held.filter(([of]) => of !== handle);
  }

  #transfer(fields: Fields, payload: Buffer): void {
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0;
    if (--this.#incomingWindow < INCOMING_WINDOW / 2) {
      this.#incomingWindow = INCOMING_WINDOW;
      this.sendFlow(undefined);
    }
    const link = this.#links.get(fields.required(0));
    if (!(link instanceof IncomingLink)) this.#endUnattached();
    // What was on its way when the link was closed is nobody's any more.
    else if (link.attached) link.transfer(fields, payload);
  }

  #flow(fields: Fields): void {
    const nextIncomingId = fields.number(0) ?? 0;
    this.#remoteWindow = ((nextIncomingId - this.#nextOutgoingId) | 0) + fields.required(1);
    this.#release();
    const handle = fields.number(4);
    const link = handle === undefined ? undefined : this.#links.get(handle);
    if (handle !== undefined && link === undefined) {
      this.#endUnattached();
      return;
    }
    const credit = fields.number(6);
    if (link instanceof OutgoingLink && link.attached && credit !== undefined) {
      link.flow(fields.number(5), credit, fields.flag(8));
    }
    this.#wake();
    if (!fields.flag(9)) return;
    // The client asks for the state of this side.
    if (link?.attached) link.sendFlow();
    else this.sendFlow(undefined);
  }

  /** A client that leaves the last word to the sender gets it: nothing here depends on what it says. */
  #disposition(fields: Fields): void {
    const [role, settled] = [fields.flag(0), fields.flag(3)];
    if (role !== ROLE.receiver || settled) return;
    const first = fields.required(1);
    this.#write(encodeDisposition(ROLE.sender, first, fields.number(2) ?? first));
  }

  /** Says what became of a delivery: accepted without an error. Those that follow each other are told as one. */
  settle(id: number, error: AmqpError | undefined): void {
    if (error !== undefined) {
      this.#flushAccepted();
      this.#write(encodeDisposition(ROLE.receiver, id, id, error));
    } else if (this.#accepted !== undefined && (this.#accepted.last + 1) >>> 0 === id) {
      this.#accepted.last = id;
    } else {
      this.#flushAccepted();
      this.#accepted = { first: id, last: id };
      process.nextTick(() => this.#flushAccepted());
    }
  }

  refused(text: string): void {
    this.connection.service.refused(text);
  }

  sendFlow(link: LinkFlow | undefined): void {
    this.#write(
      encodeFlow({
        nextIncomingId: this.#nextIncomingId,
        incomingWindow: this.#incomingWindow,
        nextOutgoingId: this.#nextOutgoingId,
        outgoingWindow: OUTGOING_WINDOW,
        link,
      }),
    );
  }

  holds(handle: number): boolean {
    return this.#held.some(([of]) => of === handle);
  }

  /** Sends a message of format 0, in as many frames as it takes. */
  send(handle: number, message: Buffer, settled: boolean): void {
    const id = this.#nextDeliveryId;
    this.#nextDeliveryId = (id + 1) >>> 0;
    const most = this.connection.maxFrameSize - TRANSFER_HEAD_SIZE;
    for (let at = 0; ; at += most) {
      const payload = message.subarray(at, at + most);
      const more = at + most < message.length;
      const head = transferHead(this.#channel, payload.length, { handle, id, settled, more });
      if (this.room > 0) this.#sendFrame(head, payload);
      else this.#held.push([handle, head, payload]);
      if (!more) break;
    }
  }

  /** The client is done with the session, or broke its rules; its links go with it. */
  #end(error: AmqpError | undefined): void {
    this.#write(encodeEnd(error));
    this.gone();
  }

  /** Nothing reaches the client any more. */
  gone(): void {
    this.#gone = true;
    for (const link of this.#links.values()) link.gone();
    this.#links.clear();
    this.#held = [];
    this.connection.forget(this.#channel, this);
  }

  #release(): void {
    if (this.#held.length === 0) return;
    const released = this.#held.splice(0, Math.max(0, this.#remoteWindow));
    for (const [, head, payload] of released) this.#sendFrame(head, payload);
  }

  /** The window is one for all links of the session: what opens it for one may have stopped another. */
  #wake(): void {
    if (this.#held.length > 0) return;
    for (const link of this.outgoingLinks) if (link.attached) link.onSendable();
  }

  #sendFrame(head: Buffer, payload: Buffer): void {
    this.#remoteWindow--;
    this.#nextOutgoingId = (this.#nextOutgoingId + 1) >>> 0;
    this.connection.write(head, payload);
  }

  #flushAccepted(): void {
    if (this.#accepted === undefined) return;
    const { first, last } = this.#accepted;
    this.#accepted = undefined;
    this.#write(encodeDisposition(ROLE.receiver, first, last));
  }

  #endUnattached(): void {
    this.#end({
      condition: 'amqp:session:unattached-handle',
      description: 'The handle belongs to no link of the session.',
    });
  }

  /** What is still to be said about deliveries is not said behind the end. */
  #write(body: Buffer): void {
    if (this.#gone) return;
    this.connection.writeFrame(this.#channel, body);
  }
}
