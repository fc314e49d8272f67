import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LOGICAL_TOPICS, type LogicalTopic } from '../../shared/contracts/fields.ts';
import { BUILT_IN_PROFILES, type Profile, parseProfile } from '../../shared/contracts/profile.ts';
import { readProfileFile } from '../../shared/settings/settings.ts';
import { userPath } from '../terminal/userPath.ts';
import { asyncApiDocument, type Example } from './asyncApi.ts';
import { eventSchema, topicsRead } from './eventSchema.ts';
import { exampleBody, readExamples } from './examples.ts';
import { profileJsonSchema } from './profileSchema.ts';

// `npm run schemas`: writes the JSON Schemas and the AsyncAPI document of each built-in profile, and the schema of profiles
// themselves, to docs/schemas/.
// `npm run schemas -- --profile FILE --out FOLDER`: those of another profile.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PROFILE_SCHEMA_FILE = join(ROOT, 'docs/schemas/profile.schema.json');

/** What is written for a profile: file name and content. */
export function contractFiles(profile: Profile): Map<string, unknown> {
  return new Map([
    ...topicsRead(profile).map((topic) => [`${topic}.schema.json`, eventSchema(profile, topic)] as const),
    ['asyncapi.json', asyncApiDocument(profile, goodExamples())] as const,
  ]);
}

/** The first case of each topic: fields under their own names, which every profile reads. */
function goodExamples(): Record<LogicalTopic, Example[]> {
  const cases = readExamples();
  return Object.fromEntries(
    LOGICAL_TOPICS.map((topic) => {
      const good = cases.find((one) => one.topic === topic)!;
      const payload = JSON.parse(exampleBody(good.messages[0]!.file).toString()) as Example['payload'];
      return [topic, [{ name: good.name, summary: good.shows, payload }]];
    }),
  ) as Record<LogicalTopic, Example[]>;
}

function write(profile: Profile, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of contractFiles(profile)) writeJson(join(folder, name), content);
}

function writeJson(file: string, content: unknown): void {
  writeFileSync(file, formatted(`${JSON.stringify(content, null, 2)}\n`));
  console.log(file);
}

/** As the linter of the repository wants it. */
function formatted(json: string): string {
  const biome = spawnSync(join(ROOT, 'node_modules/.bin/biome'), ['format', '--stdin-file-path=x.json'], {
    cwd: ROOT,
    input: json,
    encoding: 'utf8',
  });
  if (biome.status !== 0) throw new Error(biome.stderr);
  return biome.stdout;
}

function profileOf(file: string): Profile {
  try {
    return readProfileFile(file);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}

if (import.meta.main) {
  const { profile: file, out } = parseArgs({
    options: { profile: { type: 'string' }, out: { type: 'string' } },
  }).values;
  if ((file === undefined) !== (out === undefined)) {
    console.error('--profile FILE and --out FOLDER belong together.');
    process.exit(2);
  }
  if (file !== undefined && out !== undefined) {
    write(profileOf(userPath(file)), userPath(out));
  } else {
    for (const [id, data] of Object.entries(BUILT_IN_PROFILES)) {
      write(parseProfile(data, id), join(ROOT, 'docs/schemas', id));
    }
    writeJson(PROFILE_SCHEMA_FILE, profileJsonSchema());
  }
}
