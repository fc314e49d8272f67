import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { profileSchema } from '../shared/contracts/profile.ts';

// `node scripts/profileSchema.ts` writes the JSON Schema of contract profiles, for editors. Zones and names that are
// used twice are left to the check at start: a schema can't say them.

export const PROFILE_SCHEMA_FILE = new URL('../docs/schemas/profile.schema.json', import.meta.url);

/** The JSON Schema of a profile, from the definition that the product checks it with. */
export function profileJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(profileSchema, { io: 'input' });
  const title = 'Contract profile of Backoffice sync';
  return `${JSON.stringify({ $schema, title, ...schema }, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(PROFILE_SCHEMA_FILE, profileJsonSchema());
