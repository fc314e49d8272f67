import type { KnownSchemas } from '../contracts/avro.ts';
import type { AvroReader } from '../contracts/avroSchema.ts';
import { type AzureRegistry, readFromAzure } from './azureRegistry.ts';
import { type ConfluentRegistry, readFromConfluent } from './confluentRegistry.ts';
import type { FoundSchema } from './foundSchema.ts';

/** Where the schemas of Avro messages come from. */
export interface SchemaPlaces {
  /** Of the profile's files, by id. */
  readonly files: ReadonlyMap<string, AvroReader>;
  readonly confluent?: ConfluentRegistry | undefined;
  readonly azure?: AzureRegistry | undefined;
}

export interface SchemaSource {
  /**
   * The schemas of these ids; one that nobody knows is not in it.
   * @throws SchemaRegistryError where a registry is away or refuses.
   */
  read(ids: ReadonlySet<string>): Promise<KnownSchemas>;
}

/** An id that is unknown may be registered a moment later. */
const UNKNOWN_FOR_MS = 60_000;
/** Far more than a topic has; ids that nobody registered are forgotten first. */
const MOST_KNOWN = 1000;
const AT_ONCE = 4;

/**
 * A schema never changes, so what was read once serves for ever, also while the registry is away. One request for an id at a
 * time, whoever asks.
 *
 * @param now milliseconds since 1970.
 */
export function schemaSource(places: SchemaPlaces, now: () => number = Date.now): SchemaSource {
  const known = new Map<string, { readonly found: FoundSchema; readonly until: number }>();
  const reading = new Map<string, Promise<FoundSchema>>();

  const readNew = async (id: string): Promise<FoundSchema> => {
    const found = await readFrom(places, id);
    if (known.size >= MOST_KNOWN) {
      const [forgotten] = [...known].find(([, { until }]) => until !== Infinity) ?? [...known][0]!;
      known.delete(forgotten);
    }
    known.set(id, { found, until: found?.read === undefined ? now() + UNKNOWN_FOR_MS : Infinity });
    return found;
  };
  const readOne = async (id: string): Promise<FoundSchema> => {
    const held = known.get(id);
    if (held !== undefined && now() < held.until) return held.found;
    const running = reading.get(id) ?? readNew(id).finally(() => reading.delete(id));
    reading.set(id, running);
    return running;
  };

  return {
    async read(ids) {
      const schemas = new Map<string, AvroReader | undefined>();
      const fromRegistry: string[] = [];
      for (const id of ids) {
        const file = places.files.get(id);
        if (file === undefined) fromRegistry.push(id);
        else schemas.set(id, file);
      }
      for (let start = 0; start < fromRegistry.length; start += AT_ONCE) {
        const some = fromRegistry.slice(start, start + AT_ONCE);
        const found = await Promise.all(some.map(readOne));
        for (const [index, schema] of found.entries()) {
          if (schema !== undefined) schemas.set(some[index]!, schema.read);
        }
      }
      return schemas;
    },
  };
}

/**
 * The id says whose it is: Azure's have 32 digits. One of a registry that the settings do not name is not known: one foreign event
 * must not hold its partition.
 */
async function readFrom({ confluent, azure }: SchemaPlaces, id: string): Promise<FoundSchema> {
  if (id.length === 32) return azure && readFromAzure(azure, id);
  return confluent && readFromConfluent(confluent, id);
}
