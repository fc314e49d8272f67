/** A bare AMQP client that sends what it is told to, frame by frame, and reads what comes back. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'vitest';
import { decodeValue, listElements, type Value } from '../../tools/local/emulator/amqp/decode.ts';
import {
  encodeBoolean,
  encodeDescribed,
  encodeList,
  encodeMap,
  encodeNull,
  encodeString,
  encodeSymbol,
  encodeUint,
} from '../../tools/local/emulator/amqp/encode.ts';
import {
  encodeFrame,
  type Frame,
  FrameReader,
  protocolHeader,
} from '../../tools/local/emulator/amqp/frames.ts';
import { endOfValue } from '../../tools/local/emulator/amqp/walk.ts';
import { afterwards } from './emulatorClients.ts';

export const NULL = encodeNull();
const SASL = 3;

/** A performative that came back: all its fields, as many as were sent. */
export interface Answer {
  readonly channel: number;
  readonly code: number;
  readonly fields: Value[];
  readonly payload: Buffer;
}

export class AmqpClient {
  readonly socket: Socket;
  readonly #reader = new FrameReader();
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#wake();
    });
    socket.on('close', () => this.#wake());
  }

  static async connect(t: TestContext, port: number): Promise<AmqpClient> {
    const socket = connect(port, '127.0.0.1');
    afterwards(t, () => socket.destroy());
    await once(socket, 'connect');
    return new AmqpClient(socket);
  }

  /** Connects, logs in with this mechanism, and opens the connection and a session on channel 0. */
  static async opened(t: TestContext, port: number, mechanism = 'ANONYMOUS'): Promise<AmqpClient> {
    const client = await AmqpClient.connect(t, port);
    client.socket.write(protocolHeader(SASL));
    await client.header();
    await client.answer(); // the mechanisms
    client.send(1, 0x41, encodeSymbol(mechanism));
    await client.answer(); // the outcome
    client.socket.write(protocolHeader(0));
    await client.header();
    client.send(0, 0x10, encodeString('me'));
    client.send(0, 0x11, NULL, encodeUint(0), encodeUint(1000), encodeUint(1000));
    await client.answer();
    await client.answer();
    return client;
  }

  /** Sends a performative on channel 0: in a SASL frame (1) or an AMQP frame (0). */
  send(type: number, code: number, ...fields: Buffer[]): void {
    this.socket.write(encodeFrame(type, 0, encodeDescribed(code, encodeList(fields))));
  }

  /** Attaches a link in one of the two roles, with its terminus, and returns the answer. */
  async attach(handle: number, role: 'sender' | 'receiver', link: LinkOptions): Promise<Answer> {
    const { address, target = 'me', properties = NULL, filter = NULL, settles = NULL } = link;
    const source = [encodeString(role === 'receiver' ? address : 'me'), ...Array(6).fill(NULL), filter];
    const other = role === 'receiver' ? target : address;
    this.send(
      ...[0, 0x12, encodeString(`link-${handle}`), encodeUint(handle), encodeBoolean(role === 'receiver')],
      ...[settles, NULL, encodeDescribed(0x28, encodeList(source))],
      ...[encodeDescribed(0x29, encodeList([encodeString(other)])), NULL, NULL],
      ...[role === 'sender' ? encodeUint(0) : NULL, NULL, NULL, NULL, properties],
    );
    return this.answerOf(0x12);
  }

  /** Gives credit on a link. */
  giveCredit(handle: number, credit: number, deliveryCount = 0): void {
    this.send(
      ...[0, 0x13, encodeUint(0), encodeUint(1000), encodeUint(0), encodeUint(1000)],
      ...[encodeUint(handle), encodeUint(deliveryCount), encodeUint(credit), NULL],
      ...[encodeBoolean(false), encodeBoolean(false)],
    );
  }

  /** Sends a whole message in one frame. */
  transfer(
    handle: number,
    id: number,
    message: Buffer,
    { settled = false, tag = 't', format = 0 } = {},
  ): void {
    const fields = [
      ...[encodeUint(handle), encodeUint(id), Buffer.concat([Buffer.of(0xa0, tag.length), Buffer.from(tag)])],
      ...[encodeUint(format), encodeBoolean(settled)],
    ];
    this.socket.write(encodeFrame(0, 0, Buffer.concat([encodeDescribed(0x14, encodeList(fields)), message])));
  }

  /** Puts a token at `$cbs`, over the links with the handles 100 and 101. */
  async putToken(token = signature()): Promise<Value> {
    await this.attach(100, 'receiver', { address: '$cbs', target: 'cbs-replies' });
    await this.attach(101, 'sender', { address: '$cbs' });
    this.giveCredit(100, 10);
    this.transfer(101, 0, tokenRequest(token), { settled: true });
    return statusOf(await this.answerOf(0x14));
  }

  /** The eight bytes that begin a layer. */
  async header(): Promise<number> {
    for (;;) {
      const protocol = this.#reader.takeHeader();
      if (protocol !== undefined) return protocol;
      await this.#more();
    }
  }

  /** The next performative. Frames that only keep the connection alive are left out. */
  async answer(): Promise<Answer> {
    for (;;) {
      const frame = this.#reader.takeFrame();
      if (frame === undefined) await this.#more();
      else if (frame.body.length > 0) return readAnswer(frame);
    }
  }

  /** The next performative of this kind. */
  async answerOf(code: number): Promise<Answer> {
    for (;;) {
      const answer = await this.answer();
      if (answer.code === code) return answer;
    }
  }

  /** Resolves when something came; rejects when the connection is over. */
  async #more(): Promise<void> {
    if (this.socket.destroyed) throw new Error('The connection was closed without an answer.');
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

export interface LinkOptions {
  address: string;
  /** The client's own end. */
  target?: string;
  properties?: Buffer;
  filter?: Buffer;
  settles?: Buffer;
}

function readAnswer({ channel, body }: Frame): Answer {
  const list = endOfValue(body, 1);
  const fields = listElements(body, list).map((field) => decodeValue(field, 0));
  return { channel, code: body[2]!, fields, payload: body.subarray(endOfValue(body, list)) };
}

/** A shared access signature of the emulator's key. */
export function signature({ key = 'SAS_KEY_VALUE', seconds = 60 } = {}): string {
  const expiry = Math.ceil(Date.now() / 1000) + seconds;
  const signed = createHmac('sha256', key).update(`sb%3A%2F%2Fx\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=sb%3A%2F%2Fx&sig=${encodeURIComponent(signed)}&se=${expiry}&skn=RootManageSharedAccessKey`;
}

function tokenRequest(token: string): Buffer {
  const properties = { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name: 'sb://x' };
  return requestMessage(properties, 'cbs-replies', encodeString(token));
}

/** A request with a message id of 1 (ulong), application properties and an address for the answer. */
export function requestMessage(properties: Record<string, string>, replyTo: string, body = NULL): Buffer {
  const entries = Object.entries(properties).flatMap(([name, value]) => [
    encodeString(name),
    encodeString(value),
  ]);
  return Buffer.concat([
    encodeDescribed(0x73, encodeList([Buffer.of(0x53, 1), NULL, NULL, NULL, encodeString(replyTo)])),
    encodeDescribed(0x74, encodeMap(entries)),
    encodeDescribed(0x77, body),
  ]);
}

/** The sections of a message by their code, decoded. */
export function sectionsOf(message: Buffer): Map<number, Value> {
  const sections = new Map<number, Value>();
  for (let at = 0; at < message.length; ) {
    const value = endOfValue(message, at + 1);
    sections.set(message[at + 2]!, decodeValue(message, value));
    at = endOfValue(message, value);
  }
  return sections;
}

/** The status code in the answer to a request. */
export function statusOf({ payload }: Answer): Value {
  const properties = sectionsOf(payload).get(0x74);
  return properties instanceof Map ? properties.get('status-code')! : null;
}
