import { readFileSync } from 'node:fs';
import { type AvroReader, compileAvroSchema } from '../contracts/avroSchema.ts';
import { LOGICAL_TOPICS } from '../contracts/fields.ts';
import type { Profile } from '../contracts/profile.ts';
import { type SchemaSource, schemaSource } from '../schemas/schemaSource.ts';
import { identityCredential } from './identityCredential.ts';
import type { Environment, Report } from './report.ts';

/** What Key Vault references are that Azure did not replace by the secret. */
const UNRESOLVED = '@Microsoft.KeyVault(';

/**
 * Where the schemas of Avro come from: the profile's files, a registry with Confluent's interface (`SCHEMA_REGISTRY_URL`,
 * `_USER`, `_PASSWORD`), or Azure's by the app's identity (`AZURE_SCHEMA_REGISTRY_URL`).
 */
export function readSchemaSettings(environment: Environment, profile: Profile, report: Report): SchemaSource {
  const value = (name: string) => environment[name]?.trim() || undefined;
  const [confluent, azure] = ['SCHEMA_REGISTRY_URL', 'AZURE_SCHEMA_REGISTRY_URL'].map((name) => {
    const url = value(name);
    if (url !== undefined && !/^(https:\/\/[^\s@?#]+|http:\/\/127\.0\.0\.1:\d+[^\s@?#]*)$/.test(url)) {
      report(`${name}: must be an address that begins with https://, without a user, a query or a fragment.`);
    }
    return url;
  });
  const password = value('SCHEMA_REGISTRY_PASSWORD');
  if (password?.startsWith(UNRESOLVED) === true) {
    report(
      'SCHEMA_REGISTRY_PASSWORD: the Key Vault reference was not replaced by its secret: does it exist, and may the identity of ' +
        'this app read it?',
    );
  }
  const files = readFiles(profile, report);
  const usesAvro = LOGICAL_TOPICS.some((topic) => profile.topics[topic].encoding === 'avro');
  if (usesAvro && files.size === 0 && confluent === undefined && azure === undefined) {
    report(
      'SCHEMA_REGISTRY_URL: is missing; the profile reads Avro and names no avro_schemas, so it must be the address of a schema ' +
        'registry, or AZURE_SCHEMA_REGISTRY_URL that of the namespace of Azure Schema Registry.',
    );
  }
  const credential = () => identityCredential(value('AZURE_CLIENT_ID'));
  return schemaSource({
    files,
    confluent:
      confluent === undefined ? undefined : { url: confluent, user: value('SCHEMA_REGISTRY_USER'), password },
    azure: azure === undefined ? undefined : { url: azure, credential },
  });
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
