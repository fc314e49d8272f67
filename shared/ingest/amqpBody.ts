import { isUtf8 } from 'node:buffer';
import type { ReceivedEventData } from '@azure/event-hubs';

/** The bytes of a body; where the event has none that say exactly what was sent, `unreadable` names the form of what it has. */
export interface AmqpBody {
  readonly bytes: Buffer;
  readonly unreadable?: string;
}

/**
 * The body of an event that the client library received (SPEC 2.3, 7). Data sections are bytes. A value that is text, or one
 * that is a map, also as the only element of a sequence, is taken for the JSON that it stands for. A map's numbers come as
 * doubles: whole ones are exact, others were rounded on their way here or may have been, so the map is not read. A single
 * character (AMQP's char) comes as its number, and nothing tells it from one.
 *
 * Binary values come as bytes, and so do decimals, UUIDs and numbers beyond 2^53: only bytes that can be an object are read.
 * Text that was no UTF-8 comes with replacement characters, so text that has one is not what was sent, or can't be told from it.
 *
 * What is not read is written for people, as far as JSON can say it, and never ingested.
 */
export function amqpBody({ body, getRawAmqpMessage }: ReceivedEventData): AmqpBody {
  if (body === undefined || body === null) return { bytes: Buffer.alloc(0) };
  const { bodyType } = getRawAmqpMessage();
  if (Buffer.isBuffer(body) && bodyType !== 'value') return { bytes: body };
  // Several data sections are one body.
  if (bodyType === 'data' && Array.isArray(body)) return { bytes: Buffer.concat(body as Buffer[]) };
  const isSequence = bodyType === 'sequence' && Array.isArray(body);
  const where = isSequence ? 'an AMQP sequence' : 'an AMQP value';
  if (isSequence && body.length !== 1) return unreadable(`${where} of ${body.length} elements`, body);
  const value: unknown = isSequence ? body[0] : body;
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    return isExact(value) ? { bytes } : { bytes, unreadable: `the body is ${where} that is ${INEXACT_TEXT}` };
  }
  if (Buffer.isBuffer(value) && isUtf8(value) && /^\s*\{/.test(value.toString('utf8')))
    return { bytes: value };
  if (!isMap(value)) {
    return unreadable(`${where} that is ${formOf(value)}`, value);
  }
  try {
    const parts: string[] = [];
    const inexact = writeJson(value, parts);
    if (inexact === undefined) return { bytes: Buffer.from(parts.join(''), 'utf8') };
    return unreadable(`${where} that is a map with ${inexact}`, value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { bytes: Buffer.alloc(0), unreadable: `the body is ${where} that is nested too deep` };
  }
}

const INEXACT_TEXT = 'text that was not UTF-8';

function isExact(text: string): boolean {
  return !text.includes('\uFFFD');
}

function unreadable(form: string, value: unknown): AmqpBody {
  return { bytes: textForPeople(value), unreadable: `the body is ${form}` };
}

function textForPeople(value: unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(value) ?? '', 'utf8');
  } catch {
    // Nested too deep. The reason is what counts.
    return Buffer.alloc(0);
  }
}

/** A map comes as a plain object; a value that its sender has described (a type of its own) as an instance of a class. */
function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Appends a value as JSON. Returns the form of the first part that has no exact text, and stops there. */
function writeJson(value: unknown, parts: string[]): string | undefined {
  if (value === null || value === undefined) parts.push('null');
  else if (typeof value === 'string' && !isExact(value)) return INEXACT_TEXT;
  else if (typeof value === 'string' || typeof value === 'boolean') parts.push(JSON.stringify(value));
  else if (Number.isSafeInteger(value) && !Object.is(value, -0)) parts.push(String(value));
  else if (value instanceof Date && !Number.isNaN(value.getTime()))
    parts.push(JSON.stringify(value.toISOString()));
  else if (Array.isArray(value)) {
    return writeMembers(
      '[',
      ']',
      value.map((element) => ['', element]),
      parts,
    );
  } else if (isMap(value)) {
    if (!Object.keys(value).every(isExact)) return INEXACT_TEXT;
    const members = Object.entries(value).map(([name, member]): [string, unknown] => [
      `${JSON.stringify(name)}:`,
      member,
    ]);
    return writeMembers('{', '}', members, parts);
  } else return formOf(value);
  return undefined;
}

function writeMembers(
  open: string,
  close: string,
  members: readonly (readonly [label: string, value: unknown])[],
  parts: string[],
): string | undefined {
  parts.push(open);
  for (const [index, [label, value]] of members.entries()) {
    parts.push(index === 0 ? label : `,${label}`);
    const inexact = writeJson(value, parts);
    if (inexact !== undefined) return inexact;
  }
  parts.push(close);
  return undefined;
}

function formOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a time';
  // The client library does not tell them apart.
  if (Buffer.isBuffer(value)) return 'bytes, a decimal, a UUID or a number beyond 2^53';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'a boolean';
  return 'nothing that JSON has';
}
