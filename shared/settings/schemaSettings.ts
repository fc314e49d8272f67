import { readFileSync } from 'node:fs';
import type { TokenCredential } from '@azure/identity';
import { type AvroReader, compileAvroSchema } from '../contracts/avroSchema.ts';
import { LOGICAL_TOPICS } from '../contracts/fields.ts';
import type { Profile } from '../contracts/profile.ts';
import { keyVaultConnector } from '../privacy/keyVaultKeys.ts';
import { SchemaRegistryError } from '../schemas/schemaRegistryError.ts';
import { type SchemaSource, schemaSource } from '../schemas/schemaSource.ts';
import { identityCredential } from './identityCredential.ts';
import type { Environment, Report } from './report.ts';

/** A vault that does not answer is one that is away. */
const VAULT_WITHIN_MS = 15_000;

/**
 * Where the schemas of Avro come from: the profile's files, a registry with Confluent's interface (`SCHEMA_REGISTRY_URL`,
 * `_USER`, `_PASSWORD` or `_PASSWORD_SECRET`), or Azure's by the app's identity (`AZURE_SCHEMA_REGISTRY_URL`).
 */
export function readSchemaSettings(environment: Environment, profile: Profile, report: Report): SchemaSource {
  const value = (name: string) => environment[name]?.trim() || undefined;
  const [confluent, azure] = ['SCHEMA_REGISTRY_URL', 'AZURE_SCHEMA_REGISTRY_URL'].map((name) => {
    const url = value(name);
    if (
      url !== undefined &&
      !(URL.canParse(url) && /^(https:\/\/[^\s@?#]+|http:\/\/127\.0\.0\.1:\d+[^\s@?#]*)$/.test(url))
    ) {
      report(`${name}: must be an address that begins with https://, without a user, a query or a fragment.`);
    }
    return url;
  });
  const files = readFiles(profile, report);
  const usesAvro = LOGICAL_TOPICS.some((topic) => profile.topics[topic].encoding === 'avro');
  if (usesAvro && files.size === 0 && confluent === undefined && azure === undefined) {
    report(
      'SCHEMA_REGISTRY_URL: is missing; the profile reads Avro and names no avro_schemas, so it must be the address of a schema ' +
        'registry, or AZURE_SCHEMA_REGISTRY_URL that of the namespace of Azure Schema Registry.',
    );
  }
  const credential = () => identityCredential(value('AZURE_CLIENT_ID'));
  const password = passwordFrom(value, credential, report);
  return schemaSource({
    files,
    confluent:
      confluent === undefined ? undefined : { url: confluent, user: value('SCHEMA_REGISTRY_USER'), password },
    azure: azure === undefined ? undefined : { url: azure, credential },
  });
}

/** As it is, or from the secret of that name; a Key Vault reference of the app would not reach a vault behind a private endpoint. */
function passwordFrom(
  value: (name: string) => string | undefined,
  credential: () => Promise<TokenCredential>,
  report: Report,
): (() => Promise<string>) | undefined {
  const [plain, secret] = [value('SCHEMA_REGISTRY_PASSWORD'), value('SCHEMA_REGISTRY_PASSWORD_SECRET')];
  if (secret === undefined) return plain === undefined ? undefined : () => Promise.resolve(plain);
  const vaultUrl = value('KEY_VAULT_URL');
  if (vaultUrl === undefined) {
    report(
      'KEY_VAULT_URL: is missing; SCHEMA_REGISTRY_PASSWORD_SECRET needs the address of the Key Vault that holds it.',
    );
    return undefined;
  }
  const connect = keyVaultConnector(vaultUrl, credential);
  return async () => {
    try {
      const client = await connect();
      const found = await client.getSecret(secret, { abortSignal: AbortSignal.timeout(VAULT_WITHIN_MS) });
      return found.value ?? '';
    } catch (error) {
      // The client's message may hold what the service answered.
      const { name, code, statusCode } = error as { name: string; code?: string; statusCode?: number };
      throw new SchemaRegistryError(
        `The secret ${secret} could not be read from Key Vault (${code ?? statusCode ?? name}): does it exist, and may the identity ` +
          'of this app read secrets (role Key Vault Secrets User)?',
      );
    }
  };
}

/** The paths are those that the profile's file was read with. */
function readFiles({ avro_schemas: files = {} }: Profile, report: Report): Map<string, AvroReader> {
  const schemas = new Map<string, AvroReader>();
  for (const [id, file] of Object.entries(files)) {
    try {
      schemas.set(id, compileAvroSchema(JSON.parse(readFileSync(file, 'utf8'))));
    } catch (error) {
      report(
        `EVENT_PROFILE_FILE: avro_schemas.${id}: ${file} holds no Avro schema: ${(error as Error).message}.`,
      );
    }
  }
  return schemas;
}
