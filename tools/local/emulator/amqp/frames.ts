/** Frames and protocol headers of AMQP 1.0 (OASIS standard, parts 2.2, 2.3 and 5.3). */
import { MalformedAmqp } from './walk.ts';

export const FRAME_TYPE = { amqp: 0, sasl: 1 } as const;
/** What a protocol header asks for. */
export const PROTOCOL = { amqp: 0, tls: 2, sasl: 3 } as const;

/** The largest frame that is taken or sent, the service's: it spreads large messages over many frames, as there. */
export const MAX_FRAME_SIZE = 65_536;
export const FRAME_HEADER_SIZE = 8;

export interface Frame {
  type: number;
  channel: number;
  /** The performative and its payload; empty in a frame that only keeps the connection alive. */
  body: Buffer;
}

/** The eight bytes that begin a layer of a connection. */
export function protocolHeader(protocol: number): Buffer {
  return Buffer.from([0x41, 0x4d, 0x51, 0x50, protocol, 1, 0, 0]);
}

/** A frame around a body. */
export function encodeFrame(type: number, channel: number, body: Buffer): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEADER_SIZE);
  writeFrameHeader(head, FRAME_HEADER_SIZE + body.length, type, channel);
  return Buffer.concat([head, body]);
}

export function writeFrameHeader(into: Buffer, size: number, type: number, channel: number): void {
  into.writeUInt32BE(size, 0);
  into[4] = 2; // the header's length in words of four bytes
  into[5] = type;
  into.writeUInt16BE(channel, 6);
}

/** Cuts what a socket delivers into protocol headers and frames. */
export class FrameReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** The protocol that the next eight bytes ask for; undefined while they are not there. */
  takeHeader(): number | undefined {
    const expected = protocolHeader(0);
    const known = this.#bytes.subarray(0, 4);
    if (!known.equals(expected.subarray(0, known.length))) throw new MalformedAmqp(strangerText(known));
    if (this.#bytes.length < expected.length) return undefined;
    const [protocol, major] = [this.#bytes[4]!, this.#bytes[5]!];
    if (major !== 1) throw new MalformedAmqp(`a client speaks AMQP ${major}, and only 1.0 is spoken here`);
    this.#bytes = this.#bytes.subarray(expected.length);
    return protocol;
  }

  /** The next frame; undefined while it is not whole. Throws MalformedAmqp where it is longer than allowed. */
  takeFrame(): Frame | undefined {
    if (this.#bytes.length < FRAME_HEADER_SIZE) return undefined;
    const size = this.#bytes.readUInt32BE(0);
    const bodyStart = this.#bytes[4]! * 4;
    if (size > MAX_FRAME_SIZE || bodyStart < FRAME_HEADER_SIZE || bodyStart > size) {
      throw new MalformedAmqp(`a frame of ${size} bytes whose body begins at byte ${bodyStart}`);
    }
    if (this.#bytes.length < size) return undefined;
    const frame = {
      type: this.#bytes[5]!,
      channel: this.#bytes.readUInt16BE(6),
      body: this.#bytes.subarray(bodyStart, size),
    };
    this.#bytes = this.#bytes.subarray(size);
    return frame;
  }
}

/** The type of a TLS record that begins a handshake. */
const TLS_HANDSHAKE = 0x16;

function strangerText(first: Buffer): string {
  return first[0] === TLS_HANDSHAKE
    ? 'a client speaks TLS, and this port is plain: add UseDevelopmentEmulator=true to its connection string'
    : `a client does not speak AMQP: its first bytes are ${first.toString('hex')}`;
}
