/** A connection (AMQP 1.0, 2.4 and 5.3), from the server's side: login, sessions, heartbeats, frames in and out. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  encodeFrame,
  FRAME_TYPE,
  type Frame,
  FrameReader,
  MAX_FRAME_SIZE,
  PROTOCOL,
  protocolHeader,
} from './frames.ts';
import type { OutgoingLink } from './outgoingLink.ts';
import {
  type AmqpError,
  encodeClose,
  encodeOpen,
  encodeSaslMechanisms,
  encodeSaslOutcome,
  type Fields,
  PERFORMATIVE,
  readPerformative,
} from './performatives.ts';
import { type Service, Session, type SessionConnection } from './session.ts';
import { MalformedAmqp } from './walk.ts';

/** Who is at the other end is said by a token later; MSSBCBS is Microsoft's name for that. */
const MECHANISMS = ['MSSBCBS', 'ANONYMOUS'];
/** The service's number. */
const CHANNEL_MAX = 4_999;
/** The least frame size that a client may ask for. */
const MIN_FRAME_SIZE = 512;
/** A client has to say something within this time. One that says nothing for twice as long is gone. */
const IDLE_TIMEOUT_MS = 60_000;
/** A client that leaves this much unread is not read from: more than the links of consumers leave by themselves. */
const MAX_UNREAD = 8 * 1024 * 1024;

type Layer = 'header' | 'sasl' | 'amqp';

export class Connection implements SessionConnection {
  readonly service: Service;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #sessions = new Map<number, Session>();
  #layer: Layer = 'header';
  #opened = false;
  #over = false;
  /** What this side may send in one frame. */
  #maxFrameSize = MIN_FRAME_SIZE;
  #heartbeat: NodeJS.Timeout | undefined;
  #lastReceived = Date.now();
  #wrote = false;
  #out: Buffer[] = [];
  #outBytes = 0;
  #sleepers = new Set<() => void>();

  /** Serves the socket until one side closes the connection. */
  constructor(socket: Socket, service: Service) {
    this.service = service;
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.#gone());
    this.#beat(IDLE_TIMEOUT_MS);
  }

  get maxFrameSize(): number {
    return this.#maxFrameSize;
  }

  /** Bytes that wait for the client to read them. */
  get backlog(): number {
    return this.#outBytes + this.#socket.writableLength;
  }

  /** Calls back when the socket has written what it holds. All links share one listener. */
  whenDrained(wake: () => void): void {
    this.#sleepers.add(wake);
  }

  get outgoingLinks(): OutgoingLink[] {
    return [...this.#sessions.values()].flatMap((session) => session.outgoingLinks);
  }

  writeFrame(channel: number, body: Buffer): void {
    this.write(encodeFrame(FRAME_TYPE.amqp, channel, body));
  }

  /** Writes bytes; all of one turn of the event loop go out in one system call. */
  write(...parts: Buffer[]): void {
    if (this.#out.length === 0) process.nextTick(() => this.#flush());
    for (const part of parts) {
      this.#out.push(part);
      this.#outBytes += part.length;
    }
  }

  /** A session has ended. */
  forget(channel: number, session: Session): void {
    if (this.#sessions.get(channel) === session) this.#sessions.delete(channel);
  }

  #drained(): void {
    if (this.#socket.isPaused()) {
      // The silence was this side's.
      this.#lastReceived = Date.now();
      this.#socket.resume();
    }
    const woken = this.#sleepers;
    this.#sleepers = new Set();
    for (const wake of woken) wake();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#out, this.#outBytes);
    this.#out = [];
    this.#outBytes = 0;
    this.#wrote = true;
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  #receive(chunk: Buffer): void {
    this.#lastReceived = Date.now();
    if (this.#over) return;
    this.#reader.push(chunk);
    try {
      while (!this.#over && this.#step());
    } catch (error) {
      this.#closeAfter(error);
    }
    if (!this.#over && this.backlog > MAX_UNREAD) this.#socket.pause();
  }

  /** What goes wrong on one connection, by its client's fault or by a bug, must not end the others. */
  #closeAfter(error: unknown): void {
    if (error instanceof MalformedAmqp) {
      this.service.refused(`a connection was closed: ${error.message}`);
      this.#close({ condition: 'amqp:decode-error', description: error.message });
    } else {
      console.error('Event Hubs emulator: a connection was closed after an error of the emulator:', error);
      this.#close({ condition: 'amqp:internal-error', description: String(error) });
    }
  }

  /** Takes the next header or frame; false where it is not whole. */
  #step(): boolean {
    if (this.#layer === 'header') {
      const protocol = this.#reader.takeHeader();
      if (protocol === undefined) return false;
      this.#beginLayer(protocol);
      return true;
    }
    const frame = this.#reader.takeFrame();
    if (frame === undefined) return false;
    if (this.#layer === 'sasl') this.#logIn(frame);
    else if (frame.body.length > 0) this.#serve(frame);
    return true;
  }

  #beginLayer(protocol: number): void {
    if (protocol === PROTOCOL.amqp) {
      this.#layer = 'amqp';
      this.write(protocolHeader(protocol));
    } else if (protocol === PROTOCOL.sasl) {
      this.#layer = 'sasl';
      this.write(protocolHeader(protocol));
      this.write(encodeFrame(FRAME_TYPE.sasl, 0, encodeSaslMechanisms(MECHANISMS)));
    } else {
      // The answer to a header that is not served is one that is (2.2).
      this.write(protocolHeader(PROTOCOL.sasl));
      this.#end();
    }
  }

  #logIn(frame: Frame): void {
    const { code, fields } = readPerformative(frame.body);
    if (frame.type !== FRAME_TYPE.sasl || code !== PERFORMATIVE.saslInit) {
      throw new MalformedAmqp('a frame that does not belong to a login');
    }
    const mechanism = fields.text(0);
    const known = mechanism !== undefined && MECHANISMS.includes(mechanism);
    this.write(encodeFrame(FRAME_TYPE.sasl, 0, encodeSaslOutcome(known ? 0 : 1)));
    if (known) this.#layer = 'header';
    else {
      this.service.refused(`the SASL mechanism ${mechanism} is none of ${MECHANISMS.join(', ')}`);
      this.#end();
    }
  }

  #serve({ type, channel, body }: Frame): void {
    if (type !== FRAME_TYPE.amqp) throw new MalformedAmqp(`a frame of type ${type}`);
    const { code, fields, payload } = readPerformative(body);
    if (code === PERFORMATIVE.open) this.#open(fields);
    else if (!this.#opened) throw new MalformedAmqp('a frame before the connection was opened');
    else if (code === PERFORMATIVE.close) this.#close(undefined);
    else if (code === PERFORMATIVE.begin) this.#begin(channel, fields);
    // What was on its way when the session was ended is nobody's any more.
    else this.#sessions.get(channel)?.take(code, fields, payload);
  }

  #begin(channel: number, fields: Fields): void {
    if (channel > CHANNEL_MAX || this.#sessions.has(channel)) {
      throw new MalformedAmqp(`a session on channel ${channel}, which is in use or above ${CHANNEL_MAX}`);
    }
    this.#sessions.set(channel, new Session(this, channel, fields));
  }

  #open(fields: Fields): void {
    if (this.#opened) throw new MalformedAmqp('a connection is opened once');
    this.#opened = true;
    const wanted = fields.number(2) ?? MAX_FRAME_SIZE;
    this.#maxFrameSize = Math.max(MIN_FRAME_SIZE, Math.min(wanted, MAX_FRAME_SIZE));
    this.writeFrame(
      0,
      encodeOpen({
        containerId: randomUUID(),
        maxFrameSize: MAX_FRAME_SIZE,
        channelMax: CHANNEL_MAX,
        idleTimeoutMs: IDLE_TIMEOUT_MS,
      }),
    );
    const clientTimeoutMs = fields.number(4) ?? 0;
    this.#beat(clientTimeoutMs > 0 ? Math.min(clientTimeoutMs, IDLE_TIMEOUT_MS) : IDLE_TIMEOUT_MS);
  }

  /** Keeps the connection alive for a client that gives it up after a silence, and gives up a client that is silent. */
  #beat(mostSilenceMs: number): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      if (!this.#socket.isPaused() && Date.now() - this.#lastReceived > 2 * IDLE_TIMEOUT_MS) {
        this.#socket.destroy();
        return;
      }
      if (this.#opened && !this.#wrote) this.writeFrame(0, Buffer.alloc(0));
      this.#wrote = false;
    }, mostSilenceMs / 4);
  }

  #close(error: AmqpError | undefined): void {
    if (this.#opened) this.writeFrame(0, encodeClose(error));
    else this.write(protocolHeader(PROTOCOL.sasl));
    this.#end();
  }

  /** Nothing more is read; what was written before still goes out. */
  #end(): void {
    this.#over = true;
    this.#endSessions();
    process.nextTick(() => this.#socket.end());
  }

  #gone(): void {
    this.#over = true;
    clearInterval(this.#heartbeat);
    this.#endSessions();
  }

  #endSessions(): void {
    for (const session of this.#sessions.values()) session.gone();
  }
}
