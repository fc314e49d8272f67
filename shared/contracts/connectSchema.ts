import type { EnvelopeStep } from './envelope.ts';
import { isObject, type JsonObject } from './json.ts';

/**
 * The schema that comes with a message of Kafka Connect's JsonConverter (`schemas.enable=true`), of the value that a path
 * from the message leads to; `undefined` where there is none. Such a message is `{schema, payload}`.
 */
export function connectSchemaAt(message: JsonObject, path: readonly EnvelopeStep[]): JsonObject | undefined {
  if (path[0] !== 'payload') return undefined;
  let schema: unknown = message['schema'];
  for (const name of path.slice(1)) {
    const fields: unknown = isObject(schema) ? schema['fields'] : undefined;
    if (!Array.isArray(fields)) return undefined;
    schema = fields.find((field) => isObject(field) && field['field'] === name);
  }
  return isObject(schema) ? schema : undefined;
}
