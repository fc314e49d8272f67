import { isObject, type JsonObject } from '../contracts/json.ts';
import { type FoundSchema, foundSchema } from './foundSchema.ts';
import { ask, notARegistry, parsed } from './request.ts';

/** A registry with Confluent's REST interface: theirs, Karapace, Redpanda, Apicurio's compatible one. */
export interface ConfluentRegistry {
  /** With the path that the interface is under, if any. */
  readonly url: string;
  readonly user?: string | undefined;
  /** Asked for with each request: there are few, and it may have changed. */
  readonly password?: (() => Promise<string>) | undefined;
}

/** Schemas may refer to others, those again; far more than anybody has. */
const MOST_REFERENCES = 100;

/** A schema by the number that the wire format carries, with those that it refers to. */
export async function readFromConfluent(registry: ConfluentRegistry, id: string): Promise<FoundSchema> {
  const answer = await askFor(registry, `schemas/ids/${id}`);
  if (answer === undefined) return undefined;
  const references = new Map<string, unknown>();
  if (answer['schemaType'] !== undefined && answer['schemaType'] !== 'AVRO') return { read: undefined };
  if (!(await readReferences(registry, answer, references))) return { read: undefined };
  return foundSchema(schemaOf(answer), [...references.values()]);
}

/** Collects what a schema refers to, each after what it refers to itself; false where something is not there. */
async function readReferences(
  registry: ConfluentRegistry,
  { references = [] }: JsonObject,
  found: Map<string, unknown>,
): Promise<boolean> {
  if (!Array.isArray(references)) return false;
  for (const reference of references) {
    const { subject, version } = isObject(reference) ? reference : {};
    if (typeof subject !== 'string' || !Number.isInteger(version)) return false;
    // A schema outlives the deletion of a subject that it refers to.
    const path = `subjects/${encodeURIComponent(subject)}/versions/${String(version)}?deleted=true`;
    if (found.has(path)) continue;
    if (found.size >= MOST_REFERENCES) return false;
    // Its place is kept: two that refer to each other end here.
    found.set(path, 'null');
    const answer = await askFor(registry, path);
    if (answer === undefined || !(await readReferences(registry, answer, found))) return false;
    found.delete(path);
    found.set(path, schemaOf(answer));
  }
  return true;
}

/**
 * The answer to a path; `undefined` where the registry says itself that it has no such thing. Another server's 404 is not
 * that: a wrong address must not make dead letters of a topic.
 */
async function askFor(
  { url, user, password }: ConfluentRegistry,
  path: string,
): Promise<JsonObject | undefined> {
  const address = new URL(path, `${url.replace(/\/$/, '')}/`);
  const login = user === undefined ? undefined : `${user}:${(await password?.()) ?? ''}`;
  const basic = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const { status, text } = await ask(address, basic);
  const answer = parsed(text);
  if (!isObject(answer)) throw notARegistry(address);
  if (status === 200) {
    if (typeof answer['schema'] !== 'string') throw notARegistry(address);
    return answer;
  }
  // 40401 to 40403: no such subject, version, schema.
  const { error_code: code } = answer;
  if (typeof code !== 'number' || Math.floor(code / 100) !== 404) throw notARegistry(address);
  return undefined;
}

function schemaOf({ schema }: JsonObject): unknown {
  return parsed(schema as string);
}
