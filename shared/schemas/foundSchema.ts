import { type AvroReader, compileAvroSchema } from '../contracts/avroSchema.ts';

/** What a registry says of an id: `undefined` in it where it is no Avro schema; `undefined` where it knows no such id. */
export type FoundSchema = { readonly read: AvroReader | undefined } | undefined;

/** What a registry has given for an id, with what it refers to. */
export function foundSchema(schema: unknown, references: readonly unknown[] = []): FoundSchema {
  try {
    return { read: compileAvroSchema(schema, references) };
  } catch {
    return { read: undefined };
  }
}
