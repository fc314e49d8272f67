import { decodeBody } from '../../../shared/contracts/decode.ts';
import { isObject, type JsonObject, NumberText } from '../../../shared/contracts/json.ts';
import { type Microseconds, readTimestamp } from '../../../shared/contracts/timestamp.ts';
import { integerText } from '../../../shared/contracts/values.ts';
import type { BrokerEvent } from '../../../shared/ingest/brokerEvent.ts';

/** One message of a topic, to be judged. */
export interface Sample {
  readonly event: BrokerEvent;
  /** Key, partition and enqueue time are the broker's; else only the body is known. */
  readonly placed: boolean;
  /** Where a person finds it: a file and a line, or a partition and a number. */
  readonly origin: string;
}

/** Members of a line that carries a message with the broker's data around it; the first four must be there. */
const WRAPPER_MEMBERS = [
  'partition',
  'sequence_number',
  'enqueued_at',
  'body',
  'body_base64',
  'key',
  'offset',
  'schema_id',
];
const BODY_MEMBER = '"body';

/**
 * A sample from one text: a payload, or a wrapper `{"partition", "sequence_number", "enqueued_at", "body"}`, also with
 * `key`, `offset` and `schema_id` (of Avro, where the content type has it), and `body_base64` instead of `body`. It is a wrapper only if it has all of these and no other
 * member; `body` is an object, or the message's text.
 * @param number its place among the samples; it stands for the order where there is no other.
 * @param readAt stands in for the enqueue time: no message is enqueued after it was read.
 */
export function sampleOf(text: Buffer, number: number, origin: string, readAt: Microseconds): Sample {
  const wrapped = text.includes(BODY_MEMBER) ? unwrap(text) : undefined;
  if (wrapped !== undefined) {
    const { partition, sequenceNumber } = wrapped;
    return { event: wrapped, placed: true, origin: `partition ${partition}, number ${sequenceNumber}` };
  }
  const place = { partition: 0, sequenceNumber: number, enqueuedAt: readAt, offset: '' };
  return { event: { ...place, body: text, key: null, correlationId: null }, placed: false, origin };
}

function unwrap(text: Buffer): BrokerEvent | undefined {
  const decoded = decodeBody(text);
  if (!decoded.accepted) return undefined;
  const wrapper = decoded.object;
  if (Object.keys(wrapper).some((name) => !WRAPPER_MEMBERS.includes(name))) return undefined;
  const partition = wholeNumber(wrapper['partition']);
  const sequenceNumber = wholeNumber(wrapper['sequence_number']);
  const enqueuedAt = readTimestamp(wrapper['enqueued_at'], (local) => local);
  const body = bodyOf(wrapper);
  const key = integerText(wrapper['key']) ?? wrapper['key'] ?? null;
  const schemaId = wrapper['schema_id'];
  if (partition === undefined || sequenceNumber === undefined || enqueuedAt === undefined) return undefined;
  if (body === undefined || (key !== null && typeof key !== 'string')) return undefined;
  if (schemaId !== undefined && typeof schemaId !== 'string') return undefined;
  const event = { partition, sequenceNumber, enqueuedAt, body, key, offset: '', correlationId: null };
  return schemaId === undefined ? event : { ...event, schemaId };
}

function wholeNumber(value: unknown): number | undefined {
  const digits = integerText(value);
  const number = Number(digits);
  return digits !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function bodyOf({ body, body_base64 }: JsonObject): Buffer | undefined {
  if (body !== undefined && body_base64 !== undefined) return undefined;
  if (typeof body_base64 === 'string') return Buffer.from(body_base64, 'base64');
  if (typeof body === 'string') return Buffer.from(body);
  if (!isObject(body)) return undefined;
  try {
    return Buffer.from(jsonText(body));
  } catch {
    // Nested too deep to be written again.
    return undefined;
  }
}

/** JSON with its numbers as they were written. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    member instanceof NumberText ? rawJson(member.text) : member,
  );
}

/** TypeScript's library does not have it yet (ECMAScript, JSON.parse source text access). */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
