import { parseJson } from './decode.ts';
import { isObject, type JsonObject } from './json.ts';

/** A step from the message to the record: to a member, or into a string that holds JSON. */
export type EnvelopeStep = string | { readonly parse: 'json' };

/** What the steps from a message, or the members from an object, lead to; `undefined` where they lead nowhere. */
export function valueAt(message: unknown, steps: readonly EnvelopeStep[]): unknown {
  let value = message;
  for (const step of steps) {
    if (typeof step !== 'string') value = typeof value === 'string' ? parseJson(value) : undefined;
    else value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

/** The record that the envelope's steps lead to; `undefined` where they lead to no object. */
export function openEnvelope(message: unknown, steps: readonly EnvelopeStep[]): JsonObject | undefined {
  const value = valueAt(message, steps);
  return isObject(value) ? value : undefined;
}

/** The steps as they are shown: `data.(JSON)`. */
export function envelopeText(steps: readonly EnvelopeStep[]): string {
  return steps.map((step) => (typeof step === 'string' ? step : '(JSON)')).join('.');
}
