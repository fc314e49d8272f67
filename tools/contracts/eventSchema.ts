import type { EnvelopeStep } from '../../shared/contracts/envelope.ts';
import { EVENT_FIELDS, LOGICAL_TOPICS, type LogicalTopic } from '../../shared/contracts/fields.ts';
import {
  type Contract,
  type ContractField,
  contractOf,
  type Profile,
} from '../../shared/contracts/profile.ts';
import { type JsonSchema, KINDS, MISSING, NOT_IN_THE_SCHEMA, PRESENT } from './kinds.ts';
import { MEANINGS, TOPICS } from './meanings.ts';

/** Where a field may be found: the members to walk from the payload to its value. */
interface Place {
  readonly path: readonly string[];
  /** Another place of the same field is within it: an object there is no value. */
  readonly ledThrough: boolean;
}

/** A member of the payload: the fields that are read from it, and the members within it that paths lead to. */
interface Member {
  readonly fields: { readonly field: ContractField; readonly place: Place }[];
  readonly members: Map<string, Member>;
}

/** Of the hub of control totals, where the profile names none: it is off then, and its form is the same. */
const CONTROL_HUB = 'sync.control.total';

/** The hub of a topic; empty where it is switched off. */
export function hubOf(profile: Profile, topic: LogicalTopic): string {
  return profile.topics[topic].topic || (topic === 'control' ? CONTROL_HUB : '');
}

/** The topics whose schemas are written: a `pair` topic without a name is switched off. */
export function topicsRead(profile: Profile): LogicalTopic[] {
  return LOGICAL_TOPICS.filter((topic) => hubOf(profile, topic) !== '');
}

/**
 * The JSON Schema (2020-12) of a topic's events under a profile, from the fields and kinds that the sync itself reads
 * them by. What it rejects, the sync rejects; the other way round but for {@link NOT_IN_THE_SCHEMA}. Its keywords mean the
 * same in draft 7, of which AsyncAPI's schemas are made.
 */
export function eventSchema(profile: Profile, topic: LogicalTopic): JsonSchema {
  const contract = contractOf(profile, topic, hubOf(profile, topic));
  const kinds = Object.fromEntries(EVENT_FIELDS[topic].map(({ kind }) => [kind, KINDS[kind]]));
  const { title, summary } = TOPICS[topic];
  const { description, ...payload } = payloadSchema(contract, profile.topics[topic].time_zone);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    description: `${summary} ${description}`,
    ...inEnvelope(contract.envelope, payload),
    $defs: { ...kinds, missing: MISSING, present: PRESENT },
  };
}

function payloadSchema(contract: Contract, timeZone: string): JsonSchema {
  const root: Member = { fields: [], members: new Map() };
  for (const field of contract.fields) {
    for (const place of placesOf(field)) memberAt(root, place).fields.push({ field, place });
  }
  // What may be elsewhere in the message is not asked for in the record.
  const core = contract.fields.filter((field) => field.core && field.rootPaths.length === 0);
  const always = core.filter((field) => placesThatDo(contract, field).length === 1);
  const oneOf = core.filter((field) => !always.includes(field));
  return {
    description: [
      `The whole current state each time: a field that is missing is NULL. Topic ${contract.topic}, profile ${contract.profileId}.`,
      `Of two states, the one with the later ${contract.versionFirst ? 'version, then updated_at,' : 'updated_at, then version,'} is kept.`,
      `Members that are not named here are ignored. Times without an offset are read in ${timeZone}.`,
      'Not said by this schema, but checked:',
      ...Object.entries(NOT_IN_THE_SCHEMA)
        .filter(([name]) => name !== 'window' || contract.logicalTopic === 'control')
        .map(([, rule]) => `- ${rule}`),
    ]
      .join('\n')
      // A total is as new as its count.
      .replaceAll('updated_at', contract.logicalTopic === 'control' ? 'generated_at' : 'updated_at'),
    type: 'object',
    required: always.map((field) => field.name),
    properties: propertiesOf(contract, root),
    ...(oneOf.length > 0 && {
      allOf: oneOf.map((field) => ({ anyOf: placesThatDo(contract, field).map(presentAt) })),
    }),
  };
}

function placesOf({ names, paths }: ContractField): Place[] {
  return [
    ...names.map((name) => ({ path: [name], ledThrough: paths.some(([first]) => first === name) })),
    ...paths.map((path) => ({ path, ledThrough: false })),
  ];
}

/** Where a core field may be: in one of its places, or in those of what stands in for it (SPEC 2.1). */
function placesThatDo({ logicalTopic, fields }: Contract, field: ContractField): Place[] {
  const fallback =
    logicalTopic === 'ledger' && field.name === 'event_time'
      ? fields.find((other) => other.name === 'source_created_at')
      : undefined;
  return [...placesOf(field), ...(fallback === undefined ? [] : placesOf(fallback))];
}

function memberAt(root: Member, { path }: Place): Member {
  return path.reduce((member, name) => {
    const next = member.members.get(name) ?? { fields: [], members: new Map() };
    member.members.set(name, next);
    return next;
  }, root);
}

function presentAt({ path, ledThrough }: Place): JsonSchema {
  const present = { $ref: '#/$defs/present' };
  return inEnvelope(path, ledThrough ? { allOf: [present, { not: { type: 'object' } }] } : present);
}

function propertiesOf(contract: Contract, { members }: Member): JsonSchema {
  return Object.fromEntries(
    [...members].map(([name, member]) => {
      const schemas = [
        ...member.fields.map(({ field, place }) => valueSchema(contract, field, place)),
        ...(member.members.size === 0 ? [] : [nestedSchema(contract, member)]),
      ];
      return [name, schemas.length === 1 ? schemas[0]! : { allOf: schemas }];
    }),
  );
}

function valueSchema(contract: Contract, field: ContractField, place: Place): JsonSchema {
  const described = descriptionOf(contract, field, place);
  // A format's own rule is for people: the sync checks it.
  const description = field.format === undefined ? described : `${described} It ${field.rule}.`;
  const kind = { $ref: field.format === undefined ? `#/$defs/${field.kind}` : '#/$defs/present' };
  if (field.core && field.rootPaths.length === 0 && placesThatDo(contract, field).length === 1)
    return { description, allOf: [kind] };
  return {
    description,
    anyOf: [kind, { $ref: '#/$defs/missing' }, ...(place.ledThrough ? [{ type: 'object' }] : [])],
  };
}

function descriptionOf({ logicalTopic }: Contract, field: ContractField, { path }: Place): string {
  if (path.length > 1 || path[0] !== field.name) return `Another name of ${field.name}.`;
  const meanings: Readonly<Record<string, string>> = MEANINGS[logicalTopic];
  return meanings[field.name]!;
}

/** A path that leads through anything but an object leads nowhere: then the field is missing. */
function nestedSchema(contract: Contract, member: Member): JsonSchema {
  return {
    if: { type: 'object' },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
    then: { type: 'object', properties: propertiesOf(contract, member) },
  };
}

/** These members within each other, each an object that must be there, and the inner schema in the last one. */
function inEnvelope(path: readonly EnvelopeStep[], inner: JsonSchema): JsonSchema {
  return path.reduceRight<JsonSchema>(
    (schema, step) =>
      typeof step === 'string'
        ? { type: 'object', required: [step], properties: { [step]: schema } }
        : { type: 'string', contentMediaType: 'application/json', contentSchema: schema },
    inner,
  );
}
