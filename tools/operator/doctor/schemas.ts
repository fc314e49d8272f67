import { LOGICAL_TOPICS } from '../../../shared/contracts/fields.ts';
import { SchemaRegistryError } from '../../../shared/schemas/schemaRegistryError.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { type Finding, ok, wrong } from './check.ts';
import { within } from './within.ts';

/** An id of each kind of registry. Whether there is such a schema does not matter: an answer does. */
const ANY_IDS = new Set(['1', '0'.repeat(32)]);

/** The registries that the settings name, where the profile reads Avro: one that is away makes all batches wait. */
export async function checkSchemas({ schemas, profile }: OperatorSettings): Promise<Finding[]> {
  if (LOGICAL_TOPICS.every((topic) => profile.topics[topic].encoding !== 'avro')) {
    return [ok('schemas', 'none are needed (the profile reads no Avro)')];
  }
  try {
    const answered = await within(schemas.read(ANY_IDS));
    if (answered !== undefined) return [ok('schemas', 'what the settings name answers')];
    return [
      wrong(
        'schemas',
        'a schema registry does not answer',
        'Does it run, and does the network let us through?',
      ),
    ];
  } catch (error) {
    if (!(error instanceof SchemaRegistryError)) throw error;
    return [wrong('schemas', error.message, 'Mend what it says.')];
  }
}
