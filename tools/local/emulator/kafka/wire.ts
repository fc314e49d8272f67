/** Frames and values of the Kafka protocol, as a server has to read them: from clients that may send anything. */
import type { Socket } from 'node:net';
import { Reader, Writer } from '@platformatic/kafka';

/** The client sent something that is no valid request. There is no answer to that but to close the connection. */
export class ProtocolFault extends Error {
  override name = 'ProtocolFault';
}

/** The most that a number of variable length takes. */
const VARINT_BYTES = { int32: 5, int64: 10 } as const;

/**
 * The library's reader, for bytes that nobody vouches for: its position never goes back and never past the end. A
 * length that is negative or too large would otherwise make it read the same bytes for ever.
 */
export class RequestReader extends Reader {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    super(Reader.from(bytes).buffer);
    this.#bytes = bytes;
    let position = 0;
    Object.defineProperty(this, 'position', {
      get: () => position,
      set: (next: number) => {
        if (!(next >= position && next <= bytes.length)) {
          throw new ProtocolFault(`a length at byte ${position} does not fit into the ${bytes.length} bytes`);
        }
        position = next;
      },
    });
  }

  override peekVarInt(position?: number): number {
    this.#checkVarInt(VARINT_BYTES.int32, position);
    return super.peekVarInt(position);
  }

  override readVarInt(): number {
    this.#checkVarInt(VARINT_BYTES.int32);
    return super.readVarInt();
  }

  override readVarInt64(): bigint {
    this.#checkVarInt(VARINT_BYTES.int64);
    return super.readVarInt64();
  }

  override readUnsignedVarInt(): number {
    this.#checkVarInt(VARINT_BYTES.int32);
    return super.readUnsignedVarInt();
  }

  /** The library reads on for as long as bytes say that there are more, and the longer the slower. */
  #checkVarInt(most: number, position = this.position): void {
    for (let at = position; at < position + most; at++) if ((this.#bytes[at] ?? 0) < 0x80) return;
    throw new ProtocolFault(`a number at byte ${position} takes more than ${most} bytes`);
  }
}

const LENGTH_BYTES = 4;
/** Kafka's own default for what a broker takes. What says that it is larger is no request. */
const LARGEST_REQUEST = 100 * 1024 * 1024;

/**
 * The requests of a connection, one after the other. The next is read from the socket when it is asked for, so a client
 * that sends faster than its requests are served is slowed down.
 * @throws ProtocolFault where a frame is longer than `limit()` allows at that time, before memory is taken for it.
 */
export async function* readFrames(socket: Socket, limit: () => number): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    for (;;) {
      if (length < LENGTH_BYTES) break;
      let [first] = chunks as [Buffer];
      if (first.length < LENGTH_BYTES) {
        first = Buffer.concat(chunks);
        chunks = [first];
      }
      const size = first.readInt32BE(0);
      if (size < 0 || size > limit()) throw new ProtocolFault(sizeFault(first, size, limit()));
      const end = LENGTH_BYTES + size;
      if (length < end) break;
      const bytes = chunks.length === 1 ? first : Buffer.concat(chunks);
      chunks = length === end ? [] : [bytes.subarray(end)];
      length -= end;
      yield bytes.subarray(LENGTH_BYTES, end);
    }
  }
}

/** The type of a TLS record that begins a handshake, and the first byte of its version. */
const TLS_HANDSHAKE = [0x16, 0x03];

function sizeFault(first: Buffer, size: number, limit: number): string {
  if (TLS_HANDSHAKE.every((byte, at) => first[at] === byte)) {
    return 'a client speaks TLS: set security.protocol=SASL_PLAINTEXT';
  }
  return size < 0 || size > LARGEST_REQUEST
    ? 'a client does not speak Kafka'
    : `a request of ${size} bytes, and at most ${limit} are taken: set max.request.size=1000000, or message.max.bytes`;
}

/** The header of a request, and its body, yet to be read. */
export interface Request {
  readonly api: number;
  readonly version: number;
  readonly correlationId: number;
  readonly body: RequestReader;
}

/** Reads the part of the header that all versions of all requests share. */
export function readRequest(frame: Buffer): Request {
  const body = new RequestReader(frame);
  const [api, version, correlationId] = [body.readInt16(), body.readInt16(), body.readInt32()];
  body.readNullableString(false); // the client's name for itself
  return { api, version, correlationId, body };
}

/** An answer, framed. `tagged`: its header ends with tagged fields, of which there are none. */
export function frameResponse(correlationId: number, body: Writer, tagged: boolean): Buffer {
  const writer = Writer.create().appendInt32(correlationId);
  if (tagged) writer.appendTaggedFields();
  return writer.appendFrom(body).prependLength().buffer;
}
