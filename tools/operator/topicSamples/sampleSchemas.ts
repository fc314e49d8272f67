import { type KnownSchemas, schemaIdOf } from '../../../shared/contracts/avro.ts';
import type { AvroReader } from '../../../shared/contracts/avroSchema.ts';
import { SchemaRegistryError } from '../../../shared/schemas/schemaRegistryError.ts';
import type { SchemaSource } from '../../../shared/schemas/schemaSource.ts';
import { Complaint } from '../../terminal/exit.ts';
import type { ReadSamples } from '../topicCheck/check.ts';

/** The same samples; before a page is handed on, the schemas that it names are read, and are in `schemas` from then on. */
export function samplesWithSchemas(
  read: ReadSamples,
  source: SchemaSource,
): { readonly read: ReadSamples; readonly schemas: KnownSchemas } {
  const schemas = new Map<string, AvroReader | undefined>();
  return {
    schemas,
    read: async function* () {
      for await (const page of read()) {
        const named = page.map(({ event }) => schemaIdOf(event)).filter((id) => id !== undefined);
        for (const [id, schema] of await schemasOf(source, new Set(named))) schemas.set(id, schema);
        yield page;
      }
    },
  };
}

async function schemasOf(source: SchemaSource, ids: ReadonlySet<string>): Promise<KnownSchemas> {
  try {
    return await source.read(ids);
  } catch (error) {
    if (error instanceof SchemaRegistryError) throw new Complaint(error.message);
    throw error;
  }
}
