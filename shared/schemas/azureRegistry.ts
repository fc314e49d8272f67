import type { TokenCredential } from '@azure/identity';
import { isObject } from '../contracts/json.ts';
import { type FoundSchema, foundSchema } from './foundSchema.ts';
import { ask, notARegistry, parsed, WITHIN_MS } from './request.ts';
import { SchemaRegistryError } from './schemaRegistryError.ts';

/** The Schema Registry of an Event Hubs namespace. */
export interface AzureRegistry {
  readonly url: string;
  /** Of the identity that reads schemas (role Schema Registry Reader). */
  readonly credential: () => Promise<TokenCredential>;
}

const SCOPE = 'https://eventhubs.azure.net/.default';
const API_VERSION = '2022-10';

/** A schema by the id that the content type carries. Only a 404 of the registry itself says that there is none. */
export async function readFromAzure({ url, credential }: AzureRegistry, id: string): Promise<FoundSchema> {
  const address = new URL(`/$schemaGroups/$schemas/${id}?api-version=${API_VERSION}`, url);
  const { status, text } = await ask(address, `Bearer ${await tokenOf(credential)}`);
  const answer = parsed(text);
  if (status === 404) {
    const error = isObject(answer) ? answer['error'] : undefined;
    if (!isObject(error) || typeof error['code'] !== 'string') throw notARegistry(address);
    return undefined;
  }
  if (answer === undefined) throw notARegistry(address);
  return foundSchema(answer);
}

/** The library keeps a token until it nearly expires. */
async function tokenOf(credential: AzureRegistry['credential']): Promise<string> {
  try {
    const token = await (await credential()).getToken(SCOPE, {
      abortSignal: AbortSignal.timeout(WITHIN_MS),
    });
    if (token !== null) return token.token;
  } catch {
    // Its message may hold what the service answered.
  }
  throw new SchemaRegistryError(
    'There is no token for Azure Schema Registry: check the identity of this app, and AZURE_CLIENT_ID for a user-assigned one.',
  );
}
