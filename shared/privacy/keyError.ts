/** Why there is no key: an outage, never a fault of an event. Its message names no value. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}
