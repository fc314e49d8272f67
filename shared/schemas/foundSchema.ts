import type { AvroReader } from '../contracts/avroSchema.ts';

/** What a registry says of an id: `undefined` in it where it is no Avro schema; `undefined` where it knows no such id. */
export type FoundSchema = { readonly read: AvroReader | undefined } | undefined;
