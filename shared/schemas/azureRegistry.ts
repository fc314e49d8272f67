import type { TokenCredential } from '@azure/identity';
import { compileAvroSchema } from '../contracts/avroSchema.ts';
import type { FoundSchema } from './foundSchema.ts';
import { ask, notARegistry, parsed } from './request.ts';
import { SchemaRegistryError } from './schemaRegistryError.ts';

/** The Schema Registry of an Event Hubs namespace. */
export interface AzureRegistry {
  readonly url: string;
  /** Of the identity that reads schemas (role Schema Registry Reader). */
  readonly credential: () => Promise<TokenCredential>;
}

const SCOPE = 'https://eventhubs.azure.net/.default';
const API_VERSION = '2022-10';

/** A schema by the id that the content type carries. */
export async function readFromAzure({ url, credential }: AzureRegistry, id: string): Promise<FoundSchema> {
  const address = new URL(`/$schemaGroups/$schemas/${id}?api-version=${API_VERSION}`, url);
  const { status, text } = await ask(address, `Bearer ${await tokenOf(credential)}`);
  if (status === 404) return undefined;
  const schema = parsed(text);
  if (schema === undefined) throw notARegistry(address);
  try {
    return { read: compileAvroSchema(schema) };
  } catch {
    return { read: undefined };
  }
}

/** The library keeps a token until it nearly expires. */
async function tokenOf(credential: AzureRegistry['credential']): Promise<string> {
  try {
    const token = await (await credential()).getToken(SCOPE);
    if (token !== null) return token.token;
  } catch {
    // Its message may hold what the service answered.
  }
  throw new SchemaRegistryError(
    'There is no token for Azure Schema Registry: check the identity of this app, and AZURE_CLIENT_ID for a user-assigned one.',
  );
}
