import { isUtf8 } from 'node:buffer';
import { schemaIdOfContentType } from '../contracts/avro.ts';
import { type Microseconds, readTimestamp } from '../contracts/timestamp.ts';
import type { BrokerPosition } from '../precedence/precedence.ts';

/** One event as the broker delivered it. Everything but the body comes from the broker, not from the producer. */
export interface BrokerEvent extends BrokerPosition {
  readonly body: Buffer;
  /** The form of a body that has no exact bytes; `body` is for people then. Never a value. */
  readonly unreadable?: string;
  /** Why the Functions host could not have handed it over; known of events that the client library read. */
  readonly hostFault?: string;
  readonly offset: string;
  /** The broker's key as text; arbitrary bytes as `\x` and lower-case hex (SPEC 6). */
  readonly key: string | null;
  /** Printable, at most 128 characters (SPEC 9). */
  readonly correlationId: string | null;
  /** The Avro schema that the content type names (Azure Schema Registry). */
  readonly schemaId?: string;
}

/**
 * Reads a batch as the Event Hubs trigger hands it over (`cardinality: 'many'`, binary data).
 *
 * `systemPropertiesArray` is the one array to trust: full length, aligned with the bodies, strings left alone.
 * `partitionKeyArray` leaves out events without a key, `enqueuedTimeUtcArray` has no zone, `offsetArray` has
 * rounded numbers.
 *
 * @throws TypeError where the metadata does not line up with the bodies: nobody could say which position belongs
 * to which body, and a wrong position would be stored for good.
 */
export function readBrokerEvents(bodies: unknown, triggerMetadata: unknown): BrokerEvent[] {
  if (!Array.isArray(bodies) || !bodies.every((body) => Buffer.isBuffer(body))) {
    throw new TypeError(
      "The trigger did not deliver an array of Buffers: the function needs cardinality 'many' and dataType 'binary'.",
    );
  }
  if (bodies.length === 0) return [];
  const metadata = asRecord(triggerMetadata);
  const system = alignedArray(metadata, 'systemPropertiesArray', bodies.length);
  const properties = alignedArray(metadata, 'propertiesArray', bodies.length);
  const partition = partitionOf(metadata);
  if (partition === undefined) throw new TypeError('The trigger metadata has no partition id.');
  return bodies.map((body: Buffer, index) => {
    const of = asRecord(system[index]);
    const kafkaKey = of['x-opt-kafka-key'];
    const partitionKey = of['x-opt-partition-key'] ?? of['partitionKey'];
    const read = headerReader(kafkaKey, partitionKey);
    return {
      body,
      partition,
      sequenceNumber: sequenceNumberOf(of),
      enqueuedAt: enqueuedAtOf(of),
      offset: keyText(of['x-opt-offset'] ?? of['offsetString'] ?? of['offset']) ?? '',
      key: keyText(bytesOfHost(kafkaKey) ?? partitionKey),
      correlationId: correlationIdOf(asRecord(properties[index]), read),
      ...schemaIdIn(of['content-type'], asRecord(properties[index]), read),
    };
  });
}

/** From the message's content type, or the header that producers of Kafka write it to. */
export function schemaIdIn(
  contentType: unknown,
  properties: Record<string, unknown>,
  read: (value: unknown) => unknown,
): Pick<BrokerEvent, 'schemaId'> {
  const schemaId =
    schemaIdOfContentType(contentType) ?? schemaIdOfContentType(textOf(read(properties['content-type'])));
  return schemaId === undefined ? {} : { schemaId };
}

/** The partition whose batch the trigger hands over; `undefined` where it does not say so. */
export function partitionOf(triggerMetadata: unknown): number | undefined {
  const metadata = asRecord(triggerMetadata);
  const context = asRecord(metadata['triggerPartitionContext'] ?? metadata['partitionContext']);
  return wholeNumber(context['partitionId']);
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function alignedArray(metadata: Record<string, unknown>, name: string, length: number): unknown[] {
  const array = metadata[name];
  if (Array.isArray(array) && array.length === length) return array;
  const found = Array.isArray(array) ? `${array.length} elements` : 'no array';
  throw new TypeError(`The trigger metadata does not line up: ${name} has ${found} for ${length} events.`);
}

/** A whole number from 0, also as digits; past 2^53 two events could share one. */
function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** A number, or the `{low, high}` pair that worker 3.16.0 made of one. */
function sequenceNumberOf(system: Record<string, unknown>): number {
  const value = system['x-opt-sequence-number'] ?? system['sequenceNumber'];
  const { low, high } = asRecord(value);
  const number = typeof low === 'number' && typeof high === 'number' ? high * 2 ** 32 + (low >>> 0) : value;
  const sequenceNumber = wholeNumber(number);
  if (sequenceNumber === undefined) {
    throw new TypeError('The trigger metadata has an event without a sequence number.');
  }
  return sequenceNumber;
}

function enqueuedAtOf(system: Record<string, unknown>): Microseconds {
  const value = system['x-opt-enqueued-time'] ?? system['enqueuedTimeUtc'];
  // Texts without a zone are UTC; the year is the broker's own.
  const time = typeof value === 'string' ? readTimestamp(value, (local) => local) : undefined;
  if (time === undefined) throw new TypeError('The trigger metadata has an event without an enqueue time.');
  return time;
}

/**
 * Bytes as the host hands them over: it writes its metadata as JSON, in which .NET's bytes are base64. Key and header values
 * of a Kafka producer are always bytes. What is not the one base64 form of some bytes stays as it is.
 */
function bytesOfHost(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value ? bytes : value;
}

/**
 * How the properties of an event are read. A key says what its producer speaks: a Kafka key that they are bytes, a partition
 * key, which only AMQP has, that they are what they look like. Without a key nothing tells a header's bytes from a text of
 * AMQP: what is the base64 form of a printable text is taken for one. Ids in use are not: a UUID has characters that base64
 * has not, and what hexadecimal digits would stand for is no UTF-8.
 */
export function headerReader(kafkaKey: unknown, partitionKey: unknown): (value: unknown) => unknown {
  if (kafkaKey !== undefined) return bytesOfHost;
  return typeof partitionKey === 'string' ? asItIs : textOfHost;
}

function textOfHost(value: unknown): unknown {
  const bytes = bytesOfHost(value);
  if (!Buffer.isBuffer(bytes) || !isUtf8(bytes)) return value;
  const text = bytes.toString('utf8');
  return /\p{C}/u.test(text) ? value : text;
}

function asItIs(value: unknown): unknown {
  return value;
}

/**
 * The broker's key as text that PostgreSQL can hold. Kafka keys are bytes, which arrive as a Buffer, as an object
 * with its indexes as members, or as text. Anything else is no key.
 */
export function keyText(key: unknown): string | null {
  if (typeof key === 'number') return String(key);
  if (typeof key === 'string') {
    if (key.isWellFormed() && !key.includes('\0') && !key.startsWith('\\x')) return key;
    return `\\x${Buffer.from(key, 'utf8').toString('hex')}`;
  }
  const bytes = Buffer.isBuffer(key) ? key : bytesOf(key);
  if (bytes === undefined) return null;
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined;
  return text === undefined || text.includes('\0') || text.startsWith('\\x')
    ? `\\x${bytes.toString('hex')}`
    : text;
}

/** `{0: 107, 1: 49}`, `[107, 49]`, a typed array, or `{type: 'Buffer', data: [...]}`. */
function bytesOf(value: unknown): Buffer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const data = (value as { data?: unknown }).data;
  const elements: unknown[] = Object.values(Array.isArray(data) ? data : value);
  const isByte = (element: unknown) =>
    Number.isInteger(element) && (element as number) >= 0 && (element as number) <= 255;
  return elements.every(isByte) ? Buffer.from(elements as number[]) : undefined;
}

const CORRELATION_PROPERTIES = ['x-correlation-id', 'correlation-id', 'correlation_id'];
const MAX_CORRELATION_ID = 128;

/**
 * The first of the correlation properties, in any case; it goes to logs, so nothing unprintable stays in it.
 * @param read what a property's value stands for.
 */
export function correlationIdOf(
  properties: Record<string, unknown>,
  read: (value: unknown) => unknown = asItIs,
): string | null {
  const names = Object.keys(properties);
  if (names.length === 0) return null;
  for (const wanted of CORRELATION_PROPERTIES) {
    const name = names.find((candidate) => candidate.toLowerCase() === wanted);
    const text = name === undefined ? undefined : textOf(read(properties[name]));
    if (text === undefined) continue;
    // Control, format, surrogate, private and unassigned characters, line and paragraph separators.
    const printable = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '');
    if (printable !== '') return [...printable].slice(0, MAX_CORRELATION_ID).join('');
  }
  return null;
}

function textOf(value: unknown): string | undefined {
  if (Buffer.isBuffer(value)) return isUtf8(value) ? value.toString('utf8') : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
