/** A JSON number as it was written, where a double could not give its digits back. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A number of a binary encoding that no JSON integer is: its digits are those of a double, and not what somebody wrote. */
export class FloatingPoint {
  readonly #value: number;
  constructor(value: number) {
    this.#value = value;
  }

  toJSON(): number {
    return this.#value;
  }
}

/** A JSON object; numbers are plain only where `String(value)` is how they were written. */
export type JsonObject = { readonly [member: string]: unknown };

/** Whether a value of a decoded body is an object: a number with its text is none. */
export function isObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof NumberText) &&
    !(value instanceof FloatingPoint)
  );
}
