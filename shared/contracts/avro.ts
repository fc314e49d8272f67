import { AvroInput, MalformedAvro } from './avroInput.ts';
import type { AvroReader } from './avroSchema.ts';
import { formOfBytes } from './forms.ts';
import { found } from './found.ts';
import { type Rejection, reject } from './rejection.ts';

/** Byte 0 and four bytes of the schema's id: the wire format of Confluent's serializers. */
const HEADER = 5;

/** The schemas of a batch by id; what is not in it is unknown to the registry. `undefined`: it is no Avro schema. */
export type KnownSchemas = ReadonlyMap<string, AvroReader | undefined>;

/** The bytes of a message, and the id that its content type names, as serializers of Azure Schema Registry write it. */
export interface AvroMessage {
  readonly body: Buffer;
  readonly schemaId?: string;
}

/** The id of the schema that a message was written by: digits, or an id of Azure Schema Registry. */
export function schemaIdOf({ body, schemaId }: AvroMessage): string | undefined {
  if (schemaId !== undefined) return schemaId;
  return body[0] === 0 && body.length >= HEADER ? String(body.readUInt32BE(1)) : undefined;
}

/** `avro/binary+ID`: the content type of Azure Schema Registry's serializers. */
export function schemaIdOfContentType(contentType: unknown): string | undefined {
  if (typeof contentType !== 'string') return undefined;
  return /^avro\/binary\+([0-9a-f]{32})$/i.exec(contentType.trim())?.[1]?.toLowerCase();
}

/** Decodes a body in Avro (SPEC 2.4). Never throws for what is in it. */
export function decodeAvro(
  message: AvroMessage,
  schemas: KnownSchemas,
): { readonly accepted: true; readonly value: unknown } | Rejection {
  const { body, schemaId } = message;
  if (body.length === 0) return reject('empty_body', 'the body has no bytes');
  const id = schemaIdOf(message);
  if (id === undefined) {
    const rule = 'neither the content type nor the first bytes of the body name a schema';
    return reject('not_avro', `${rule}: ${found(formOfBytes(body))}`);
  }
  if (!schemas.has(id)) return reject('not_avro', 'the schema that the message names is not known');
  const read = schemas.get(id);
  if (read === undefined) return reject('not_avro', 'the schema that the message names is no Avro schema');
  const input = new AvroInput(schemaId === undefined ? body.subarray(HEADER) : body);
  try {
    const value = read(input);
    input.end();
    return { accepted: true, value };
  } catch (error) {
    if (!(error instanceof MalformedAvro)) throw error;
    return reject('not_avro', `the body is no Avro of its schema: ${error.message}`);
  }
}
