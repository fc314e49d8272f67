import { isAscii, isUtf8 } from 'node:buffer';
import { formOfBytes, formOfJson } from './forms.ts';
import { found } from './found.ts';
import { isObject, type JsonObject, NumberText } from './json.ts';
import { type Rejection, reject } from './rejection.ts';

/**
 * Finds a member whose number has a fraction, an exponent or more digits than a double can hold. A match inside
 * a string costs time, nothing else. Members of arrays are not looked at: parts of a date have few digits.
 */
const NUMBER_NEEDS_ITS_TEXT = /"\s*:\s*-?(?:\d{16}|\d+[.eE])/;

const BYTE_ORDER_MARK = 0xfeff;

/** How the bytes of a topic's messages hold their value (SPEC 2.4). */
export const ENCODINGS = ['json', 'registry_json', 'avro'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Byte 0 and four bytes of the schema's id, as the serializers of registries write them. */
const REGISTRY_HEADER = 5;

/**
 * Decodes the body of an event (SPEC 2.2, 2.3): strict UTF-8, JSON of any kind. Numbers keep their digits: one that a double
 * might change is returned as {@link NumberText}.
 */
export function decodeJson(
  body: Buffer,
  encoding: Exclude<Encoding, 'avro'> = 'json',
): { readonly accepted: true; readonly value: unknown } | Rejection {
  if (body.length === 0) return reject('empty_body', 'the body has no bytes');
  if (encoding === 'registry_json') {
    if (body[0] !== 0 || body.length <= REGISTRY_HEADER) {
      const rule = "the body does not begin with a registry's schema id (byte 0, four bytes)";
      return reject('not_json', `${rule}: ${found(formOfBytes(body))}`);
    }
    return decodeJson(body.subarray(REGISTRY_HEADER));
  }
  let text: string;
  if (isAscii(body)) text = body.toString('latin1');
  else if (isUtf8(body)) text = body.toString('utf8');
  else return reject('not_utf8', `the body is not valid UTF-8: ${found(formOfBytes(body))}`);
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) text = text.slice(1);
  const value = parseJson(text);
  // The parser's own message quotes the body.
  if (value === undefined)
    return reject('not_json', `the body is not valid JSON: ${found(formOfBytes(body))}`);
  return { accepted: true, value };
}

/** As {@link decodeJson}; what is no object is a rejection. */
export function decodeBody(
  body: Buffer,
): { readonly accepted: true; readonly object: JsonObject } | Rejection {
  const decoded = decodeJson(body);
  if (!decoded.accepted) return decoded;
  return isObject(decoded.value) ? { accepted: true, object: decoded.value } : noObject(decoded.value);
}

/** The rejection of a JSON value that is no object. */
export function noObject(value: unknown): Rejection {
  return reject('not_an_object', `the JSON value is not an object: ${found(formOfJson(value))}`);
}

/** A JSON text's value; `undefined`, which JSON has not, where the text is none, or nested too deep for the parser's stack. */
export function parseJson(text: string): unknown {
  try {
    return NUMBER_NEEDS_ITS_TEXT.test(text) ? JSON.parse(text, keepNumberText) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** TypeScript's library does not type the third argument (ECMAScript, JSON.parse source text access) yet. */
const keepNumberText = ((_member: string, value: unknown, context: { source?: string }) =>
  typeof value === 'number' && context.source !== undefined ? new NumberText(context.source) : value) as (
  this: unknown,
  member: string,
  value: unknown,
) => unknown;
