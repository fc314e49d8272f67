import { isAscii, isUtf8 } from 'node:buffer';
import { formOfBytes, formOfJson } from './forms.ts';
import { type JsonObject, NumberText } from './json.ts';
import { type Rejection, reject } from './rejection.ts';

/**
 * Finds a member whose number has a fraction, an exponent or more digits than a double can hold. A match inside
 * a string costs time, nothing else. Members of arrays are not looked at: parts of a date have few digits.
 */
const NUMBER_NEEDS_ITS_TEXT = /"\s*:\s*-?(?:\d{16}|\d+[.eE])/;

const BYTE_ORDER_MARK = 0xfeff;

/**
 * Decodes the body of an event (SPEC 2.2, 2.3): strict UTF-8, JSON, an object. Numbers keep their digits: one
 * that a double might change is returned as {@link NumberText}.
 */
export function decodeBody(
  body: Buffer,
): { readonly accepted: true; readonly object: JsonObject } | Rejection {
  if (body.length === 0) return reject('empty_body', 'the body has no bytes');
  let text: string;
  if (isAscii(body)) text = body.toString('latin1');
  else if (isUtf8(body)) text = body.toString('utf8');
  else return reject('not_utf8', `the body is not valid UTF-8: found ${formOfBytes(body)}`);
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) text = text.slice(1);

  let value: unknown;
  try {
    value = NUMBER_NEEDS_ITS_TEXT.test(text) ? JSON.parse(text, keepNumberText) : JSON.parse(text);
  } catch {
    // The parser's own message quotes the body. A RangeError is nesting too deep for its stack.
    return reject('not_json', `the body is not valid JSON: found ${formOfBytes(body)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject('not_an_object', `the JSON value is not an object: found ${formOfJson(value)}`);
  }
  return { accepted: true, object: value as JsonObject };
}

/** TypeScript's library does not type the third argument (ECMAScript, JSON.parse source text access) yet. */
const keepNumberText = ((_member: string, value: unknown, context: { source?: string }) =>
  typeof value === 'number' && context.source !== undefined ? new NumberText(context.source) : value) as (
  this: unknown,
  member: string,
  value: unknown,
) => unknown;
