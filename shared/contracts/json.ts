/** A JSON number as it was written, where a double could not give its digits back. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A JSON object; numbers are plain only where `String(value)` is how they were written. */
export type JsonObject = { readonly [member: string]: unknown };

/** Whether a value of a decoded body is an object: a number with its text is none. */
export function isObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  );
}
