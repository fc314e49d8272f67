import { decodeBody } from '../../../shared/contracts/decode.ts';
import type { FieldFormat } from '../../../shared/contracts/fieldReader.ts';
import { FIELDS, type LogicalTopic, RECORD_TOPICS } from '../../../shared/contracts/fields.ts';
import { type JsonObject, NumberText } from '../../../shared/contracts/json.ts';
import type { Alias, Profile } from '../../../shared/contracts/profile.ts';
import { inFormat, WRITTEN_SCALE } from './formats.ts';
import type { SyntheticEvent } from './payments.ts';

/** What a serializer writes before JSON: byte 0 and the id of a schema. */
const REGISTRY_HEADER = Buffer.from([0, 0, 0, 0, 1]);

/** Names that synthetic events have of the built-in profiles, and that another one may not know. */
const BUILT_IN_ALIASES = { source_version: 'version', type: 'entry_type', created_at: 'source_created_at' };

type Rules = Profile['topics']['ledger'];

/** Why no synthetic events can be written for a profile; `undefined` where they can. */
export function unwritten(profile: Profile): string | undefined {
  const avro = RECORD_TOPICS.filter((topic) => profile.topics[topic].encoding === 'avro');
  if (avro.length === 0) return undefined;
  return `No synthetic events are written in Avro, and profile ${profile.id} reads it (${avro.join(', ')}).`;
}

/**
 * An event as a topic with this profile would carry it: its values in the profile's formats, in its envelope and encoding, under
 * the contract's own names. What is malformed stays it. Avro is not written: its schema is the topic's own.
 */
export function inEnvelope<T extends LogicalTopic>(
  event: SyntheticEvent<T>,
  profile: Profile,
): SyntheticEvent<T> {
  const rules = profile.topics[event.topic] as Rules;
  const { envelope = [], encoding } = rules;
  const decoded = decodeBody(event.body);
  // What is no payload at all is malformed with or without an envelope.
  if (!decoded.accepted) return event;
  const payload = writtenBy(event.topic, rules, decoded.object);
  const body = envelope.reduceRight<string>(
    (inner, step) =>
      typeof step === 'string' ? `{${JSON.stringify(step)}:${inner}}` : JSON.stringify(inner),
    payload === undefined ? event.body.toString('utf8') : JSON.stringify(payload),
  );
  const bytes = Buffer.from(withSchema(body, rules));
  return { ...event, body: encoding === 'registry_json' ? Buffer.concat([REGISTRY_HEADER, bytes]) : bytes };
}

/** `undefined` where it is written as it is. */
function writtenBy(
  topic: LogicalTopic,
  { aliases, formats = {}, time_zone: zone }: Rules,
  object: JsonObject,
): JsonObject | undefined {
  const own = new Set<string>(FIELDS[topic].map(({ name }) => name));
  const others: Partial<Record<string, readonly Alias[]>> = aliases;
  const renamed = Object.entries(BUILT_IN_ALIASES).filter(
    ([alias, field]) =>
      own.has(field) &&
      !own.has(alias) &&
      alias in object &&
      !(field in object) &&
      others[field]?.includes(alias) !== true,
  );
  const ofFields = Object.entries(formats as Readonly<Record<string, FieldFormat>>);
  if (renamed.length === 0 && ofFields.length === 0) return undefined;
  const payload: Record<string, unknown> = Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, value instanceof NumberText ? value.text : value]),
  );
  for (const [alias, field] of renamed) {
    payload[field] = payload[alias];
    delete payload[alias];
  }
  for (const [field, format] of ofFields) {
    for (const name of [field, ...(others[field] ?? [])]) {
      if (typeof name === 'string' && name in payload) payload[name] = inFormat(payload[name], format, zone);
    }
  }
  return payload;
}

/** The schema that a converter writes beside the payload, of amounts whose scale it says. */
function withSchema(body: string, { envelope = [], formats = {} }: Rules): string {
  const amounts = Object.entries(formats as Readonly<Record<string, FieldFormat>>).filter(
    ([, format]) => format.format === 'connect_decimal' && format.scale === 'schema',
  );
  if (amounts.length === 0 || envelope[0] !== 'payload') return body;
  const fields = amounts.map(([field]) => ({
    ...{ field, type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal' },
    parameters: { scale: String(WRITTEN_SCALE) },
  }));
  let schema: object = { type: 'struct', fields };
  for (const step of envelope.slice(1).reverse()) {
    schema = { type: 'struct', fields: [Object.assign(schema, { field: step })] };
  }
  return `{"schema":${JSON.stringify(schema)},${body.slice(1)}`;
}
