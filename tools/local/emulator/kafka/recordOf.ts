import type { MessageRecord } from '@platformatic/kafka';
import {
  MalformedAmqp,
  type MapEntry,
  readBinary,
  readMap,
  readSections,
  readText,
  SECTION,
} from '../amqp/walk.ts';

/** Annotations that hold a key, the one of a Kafka producer first. */
const KEYS = ['x-opt-kafka-key', 'x-opt-partition-key'];

/**
 * A stored event as a Kafka record: the body is the value, application properties are headers. Text and bytes stay what they
 * are; of other AMQP values the encoding is shown.
 */
export function messageOf(event: Buffer, enqueuedTime: number): MessageRecord {
  const sections = readSections(event);
  const entries = (code: number) =>
    sections.filter((section) => section.code === code).flatMap(({ value }) => entriesOf(event, value));
  const annotations = entries(SECTION.messageAnnotations);
  const key = KEYS.map((name) => annotations.find((entry) => entry.key === name)).find(Boolean);
  const headers = entries(SECTION.applicationProperties).map(
    // The library writes a null as one, though its type has none.
    ({ key, value, end }) => [Buffer.from(key), bytesOf(event, value, end) as Buffer] as const,
  );
  const body = sections.filter(({ code }) => BODY.includes(code));
  const value = body.map(({ value: at, end }) => bytesOf(event, at, end) ?? Buffer.alloc(0));
  const keyBytes = key === undefined ? null : bytesOf(event, key.value, key.end);
  return {
    topic: '',
    ...(keyBytes === null ? {} : { key: keyBytes }),
    value: Buffer.concat(value),
    headers: new Map(headers),
    timestamp: BigInt(enqueuedTime),
  };
}

const BODY: readonly number[] = [SECTION.data, SECTION.sequence, SECTION.value];

/** Producers are not checked for what they put into properties: what is no map has no entries. */
function entriesOf(event: Buffer, at: number): MapEntry[] {
  try {
    return readMap(event, at);
  } catch (error) {
    if (error instanceof MalformedAmqp) return [];
    throw error;
  }
}

/** The content of text and bytes, the encoding of other values; none of a null. */
function bytesOf(bytes: Buffer, at: number, end: number): Buffer | null {
  if (bytes[at] === 0x40) return null;
  if (BINARY.includes(bytes[at]!)) return readBinary(bytes, at);
  const text = readText(bytes, at);
  return text === undefined ? bytes.subarray(at, end) : Buffer.from(text);
}

/** Type codes of binary values. */
const BINARY: readonly number[] = [0xa0, 0xb0];
