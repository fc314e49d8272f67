import * as z from 'zod';
import { profileSchema } from '../../shared/contracts/profile.ts';

/**
 * The JSON Schema of a profile, for editors, from the definition that the product checks it with. Zones and names that
 * are used twice are left to the check at start: a schema can't say them.
 */
export function profileJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(profileSchema, { io: 'input' });
  return { $schema, title: 'Contract profile of Backoffice sync', ...schema };
}
