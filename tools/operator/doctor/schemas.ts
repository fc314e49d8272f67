import { LOGICAL_TOPICS } from '../../../shared/contracts/fields.ts';
import { SchemaRegistryError } from '../../../shared/schemas/schemaRegistryError.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { type Finding, ok, type SayFinding, wrong } from './check.ts';
import { within } from './within.ts';

/** An id of each kind of registry. Whether there is such a schema does not matter: an answer does. */
const ANY_IDS = new Set(['1', '0'.repeat(32)]);

/** The registries that the settings name, where the profile reads Avro: one that is away makes all batches wait. */
export async function checkSchemas(
  { schemas, profile }: OperatorSettings,
  say: SayFinding,
): Promise<Finding[]> {
  if (LOGICAL_TOPICS.every((topic) => profile.topics[topic].encoding !== 'avro')) {
    return [ok('schemas', say('noSchemas'))];
  }
  try {
    const answered = await within(schemas.read(ANY_IDS));
    if (answered !== undefined) return [ok('schemas', say('schemas'))];
    return [wrong('schemas', say('schemasSilent'), say('schemasSilentTodo'))];
  } catch (error) {
    if (!(error instanceof SchemaRegistryError)) throw error;
    return [wrong('schemas', error.message, say('mendTodo'))];
  }
}
