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
    ({ key, value, end }) => [Buffer.from(key), bytesOf(event, value, end)] as const,
  );
  const body = sections.filter(({ code }) => BODY.includes(code));
  const value = body.map(({ code, value: at, end }) =>
    code === SECTION.data ? readBinary(event, at) : bytesOf(event, at, end),
  );
  return {
    topic: '',
    ...(key === undefined ? {} : { key: bytesOf(event, key.value, key.end) }),
    value: Buffer.concat(value),
    headers: new Map(headers),
    timestamp: BigInt(enqueuedTime),
  };
}

/** Data, sequence and value sections. */
const BODY: readonly number[] = [SECTION.data, 0x76, SECTION.value];

/** Producers are not checked for what they put into properties: what is no map has no entries. */
function entriesOf(event: Buffer, at: number): MapEntry[] {
  try {
    return readMap(event, at);
  } catch (error) {
    if (error instanceof MalformedAmqp) return [];
    throw error;
  }
}

function bytesOf(bytes: Buffer, at: number, end: number): Buffer {
  if (BINARY.includes(bytes[at]!)) return readBinary(bytes, at);
  const text = readText(bytes, at);
  return text === undefined ? bytes.subarray(at, end) : Buffer.from(text);
}

/** Type codes of binary values. */
const BINARY: readonly number[] = [0xa0, 0xb0];
