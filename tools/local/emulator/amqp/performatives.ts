/**
 * The performatives of AMQP 1.0 (OASIS standard, parts 2.7 and 5.3.3), as a server reads and writes them.
 *
 * Those that are written carry all fields of their list. The standard lets a sender leave out nulls at the end; the
 * service leaves out none, and clients have come to rely on that.
 */
import { decodeValue, listElements, type Value } from './decode.ts';
import {
  encodeBoolean,
  encodeDescribed,
  encodeList,
  encodeNull,
  encodeString,
  encodeSymbol,
  encodeSymbolArray,
  encodeUbyte,
  encodeUint,
  encodeUlong,
  encodeUshort,
} from './encode.ts';
import { descriptorCode, endOfValue, MalformedAmqp } from './walk.ts';

export const PERFORMATIVE = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  saslMechanisms: 0x40,
  saslInit: 0x41,
  saslOutcome: 0x44,
} as const;

const ERROR = 0x1d;
const STATE = { accepted: 0x24, rejected: 0x25 } as const;

/** Who sends on a link: `false` in the field "role" is the sender. */
export const ROLE = { sender: false, receiver: true } as const;
/** How a sender settles: each delivery as its receiver is done with it, or at once. */
export const SETTLE = { unsettled: 0, settled: 1, mixed: 2 } as const;

/** An error as a peer is told it. */
export interface AmqpError {
  readonly condition: string;
  readonly description: string;
}

/** A performative that came in: its code, its fields, and the bytes behind it. */
export interface Performative {
  readonly code: number;
  readonly fields: Fields;
  readonly payload: Buffer;
}

/** Reads the body of a frame. Throws MalformedAmqp. */
export function readPerformative(body: Buffer): Performative {
  const code = body[0] === 0x00 ? descriptorCode(body, 1) : undefined;
  if (code === undefined) throw new MalformedAmqp('a frame without a performative');
  const list = endOfValue(body, 1);
  return {
    code,
    fields: new Fields(listElements(body, list)),
    payload: body.subarray(endOfValue(body, list)),
  };
}

/** The fields of a performative by their place. What was left out, or is null, is undefined. */
export class Fields {
  readonly #fields: readonly Buffer[];

  constructor(fields: readonly Buffer[]) {
    this.#fields = fields;
  }

  /** The encoded field. */
  raw(at: number): Buffer {
    return this.#fields[at] ?? encodeNull();
  }

  value(at: number): Value {
    const field = this.#fields[at];
    return field === undefined ? null : decodeValue(field, 0);
  }

  /** An unsigned number of up to 32 bits. Throws MalformedAmqp where the field holds something else. */
  number(at: number): number | undefined {
    const value = this.value(at);
    if (value === null) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_UINT) return value;
    throw new MalformedAmqp(`field ${at} of a performative is no unsigned number of 32 bits`);
  }

  /** A number without which the performative means nothing. */
  required(at: number): number {
    const value = this.number(at);
    if (value === undefined) throw new MalformedAmqp(`field ${at} of a performative is missing`);
    return value;
  }

  text(at: number): string | undefined {
    const value = this.value(at);
    return typeof value === 'string' ? value : undefined;
  }

  flag(at: number): boolean {
    return this.value(at) === true;
  }
}

/** The largest number that a performative has room for. */
export const MAX_UINT = 2 ** 32 - 1;
const NULL = encodeNull();

function performative(code: number, ...fields: Buffer[]): Buffer {
  return encodeDescribed(code, encodeList(fields));
}

function optionalUint(value: number | undefined): Buffer {
  return value === undefined ? NULL : encodeUint(value);
}

function encodeError(error: AmqpError | undefined): Buffer {
  if (error === undefined) return NULL;
  return performative(ERROR, encodeSymbol(error.condition), encodeString(error.description), NULL);
}

export interface Open {
  readonly containerId: string;
  readonly maxFrameSize: number;
  readonly channelMax: number;
  readonly idleTimeoutMs: number;
}

export function encodeOpen({ containerId, maxFrameSize, channelMax, idleTimeoutMs }: Open): Buffer {
  const known = [encodeString(containerId), NULL, encodeUint(maxFrameSize), encodeUshort(channelMax)];
  return performative(
    PERFORMATIVE.open,
    ...known,
    encodeUint(idleTimeoutMs),
    ...[NULL, NULL, NULL, NULL, NULL],
  );
}

export interface Begin {
  readonly remoteChannel: number;
  readonly nextOutgoingId: number;
  readonly incomingWindow: number;
  readonly outgoingWindow: number;
  readonly handleMax: number;
}

export function encodeBegin(begin: Begin): Buffer {
  return performative(
    PERFORMATIVE.begin,
    encodeUshort(begin.remoteChannel),
    encodeUint(begin.nextOutgoingId),
    encodeUint(begin.incomingWindow),
    encodeUint(begin.outgoingWindow),
    encodeUint(begin.handleMax),
    ...[NULL, NULL, NULL],
  );
}

/** A map without entries in its shortest form: Python's client takes no null in the place of a link's properties. */
const NO_PROPERTIES = Buffer.of(0xc1, 0x01, 0x00);

export interface Attach {
  readonly name: string;
  readonly handle: number;
  readonly role: boolean;
  readonly senderSettles: number;
  /** Encoded, as the peer sent them; a null in the place of the one that this side would have made refuses the link. */
  readonly source: Buffer;
  readonly target: Buffer;
  readonly initialDeliveryCount: number | undefined;
  readonly maxMessageSize: number | undefined;
}

export function encodeAttach(attach: Attach): Buffer {
  const { maxMessageSize } = attach;
  return performative(
    PERFORMATIVE.attach,
    encodeString(attach.name),
    encodeUint(attach.handle),
    encodeBoolean(attach.role),
    encodeUbyte(attach.senderSettles),
    encodeUbyte(0), // the receiver settles first: nothing here waits for a second answer
    attach.source,
    attach.target,
    ...[NULL, NULL],
    optionalUint(attach.initialDeliveryCount),
    maxMessageSize === undefined ? NULL : encodeUlong(BigInt(maxMessageSize)),
    ...[NULL, NULL],
    NO_PROPERTIES,
  );
}

export interface Flow {
  readonly nextIncomingId: number;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  readonly outgoingWindow: number;
  readonly link: LinkFlow | undefined;
}

export interface LinkFlow {
  readonly handle: number;
  readonly deliveryCount: number;
  readonly credit: number;
  readonly drain: boolean;
}

export function encodeFlow({ link, ...flow }: Flow): Buffer {
  return performative(
    PERFORMATIVE.flow,
    encodeUint(flow.nextIncomingId),
    encodeUint(flow.incomingWindow),
    encodeUint(flow.nextOutgoingId),
    encodeUint(flow.outgoingWindow),
    optionalUint(link?.handle),
    optionalUint(link?.deliveryCount),
    optionalUint(link?.credit),
    NULL, // available: not told
    encodeBoolean(link?.drain ?? false),
    ...[encodeBoolean(false), NULL],
  );
}

/** The outcome of deliveries, `first` to `last`: accepted, or rejected for a reason. */
export function encodeDisposition(role: boolean, first: number, last: number, error?: AmqpError): Buffer {
  const state =
    error === undefined ? performative(STATE.accepted) : performative(STATE.rejected, encodeError(error));
  return performative(
    PERFORMATIVE.disposition,
    encodeBoolean(role),
    encodeUint(first),
    encodeUint(last),
    encodeBoolean(true),
    state,
    encodeBoolean(false),
  );
}

export function encodeDetach(handle: number, closed: boolean, error: AmqpError | undefined): Buffer {
  return performative(PERFORMATIVE.detach, encodeUint(handle), encodeBoolean(closed), encodeError(error));
}

export function encodeEnd(error: AmqpError | undefined): Buffer {
  return performative(PERFORMATIVE.end, encodeError(error));
}

export function encodeClose(error: AmqpError | undefined): Buffer {
  return performative(PERFORMATIVE.close, encodeError(error));
}

export function encodeSaslMechanisms(mechanisms: readonly string[]): Buffer {
  return performative(PERFORMATIVE.saslMechanisms, encodeSymbolArray(mechanisms));
}

/** The end of the login: code 0 lets in, 1 does not. */
export function encodeSaslOutcome(code: 0 | 1): Buffer {
  return performative(PERFORMATIVE.saslOutcome, encodeUbyte(code), NULL);
}
