// As a namespace: the bundle then leaves out what is not used, above all zod's messages in fifty languages.
import * as z from 'zod';
import canonicalV1 from '../profiles/canonical-v1.json' with { type: 'json' };
import nscDevV1 from '../profiles/nsc-dev-v1.json' with { type: 'json' };
import { amountFormatSchema } from './amountFormats.ts';
import { ENCODINGS } from './decode.ts';
import { type FieldFormat, type FieldReader, fieldReader } from './fieldReader.ts';
import { EVENT_FIELDS, type Field, LOGICAL_TOPICS, type LogicalTopic } from './fields.ts';
import { type MessageRules, NO_RECORDS } from './openMessage.ts';
import { DEFAULT_SETTLEMENT_RULES, type SettlementRules, settlementRulesSchema } from './settlementRules.ts';
import { timeFormatSchema } from './timeFormats.ts';
import { type LocalTimeZone, localTimeZone } from './timestamp.ts';
import { versionFormatSchema } from './versionFormats.ts';

/** A contract profile: how the events of an existing topic are read (SPEC 2.1). Data, validated at start-up. */
export const BUILT_IN_PROFILES: Readonly<Record<string, unknown>> = {
  'canonical-v1': canonicalV1,
  'nsc-dev-v1': nscDevV1,
};

/** `__proto__` is a member of every object, whatever the body says. */
const memberName = z
  .string()
  .min(1)
  .refine((name) => name !== '__proto__', 'can not be a member name');

/**
 * A further place of a field: a member of the record, or the members to walk to one that is nested in it, or to one of the
 * message around it.
 */
const alias = z.union(
  [memberName, z.array(memberName).min(2), z.strictObject({ root: z.array(memberName).min(1) })],
  {
    error:
      'must be the name of a member, a list of at least two (the path to a nested one), or {"root": [...]} (a path from the ' +
      'message)',
  },
);
export type Alias = z.infer<typeof alias>;

const envelopeStep = z.union([memberName, z.strictObject({ parse: z.literal('json') })], {
  error: 'must be the name of a member, or {"parse": "json"}',
});

/**
 * Each member has its own checks, so that a fault in one does not hide those in the others. The descriptions are those of
 * the JSON Schema: an editor shows them.
 */
function topicProfile(logicalTopic: LogicalTopic) {
  const fields = EVENT_FIELDS[logicalTopic];
  const fieldName = z.enum(fields.map((field) => field.name));
  const required = requiredFields(logicalTopic);
  return z.strictObject({
    topic: z
      .string()
      .trim()
      .describe("The hub's name; empty only for pair and control, which switches their function off."),
    encoding: z
      .enum(ENCODINGS)
      .optional()
      .describe(
        "How the bytes hold the message: JSON (left out); JSON behind the header of a registry's serializer (byte 0, four bytes); " +
          "Avro behind it, or with Azure Schema Registry's content type. The schemas of Avro: avro_schemas, or a registry that the " +
          'settings name.',
      ),
    envelope: z
      .array(envelopeStep)
      .min(1)
      .optional()
      .describe(
        'Members to walk from the message to the record; left out where the message is the record. {"parse": "json"} is a step ' +
          'into a string that holds JSON.',
      ),
    operation: z
      .strictObject({
        path: z.array(memberName).min(1).describe('Members to walk from the message.'),
        deletes: z
          .array(z.string())
          .min(1)
          .describe('Its values, as text, of messages that delete a record.'),
      })
      .optional()
      .describe(
        "A member that says what was done to the record. Debezium's op and __deleted need not be named.",
      ),
    ignored: z
      .array(z.enum(NO_RECORDS))
      .optional()
      .describe(
        'Messages that hold no state of a record and are passed over; left out: they are dead letters. deletes: of a record; ' +
          'tombstones: no bytes, or null; connector_messages: heartbeats, transaction boundaries, schema changes, logical messages.',
      ),
    aliases: z
      .partialRecord(fieldName, z.array(alias).min(1))
      .superRefine((aliases, context) => {
        const owner = new Map(fields.map((field) => [field.name, field.name]));
        for (const [field, names] of Object.entries(aliases)) {
          for (const place of names ?? []) {
            const name = typeof place === 'string' ? place : JSON.stringify(place);
            const other = owner.get(name);
            if (other === undefined) owner.set(name, field);
            else {
              const message = `${JSON.stringify(place)} is already a name of ${other}`;
              context.addIssue({ code: 'custom', path: [field], message });
            }
          }
        }
      })
      .default({})
      .describe(
        'Further names of a field, in order of preference; its own name always comes first. A list of names is the ' +
          'path to a nested member; {"root": [...]} is a path from the message.',
      ),
    core: z
      .array(fieldName)
      .superRefine((core, context) => {
        for (const name of required) {
          if (!core.includes(name)) context.addIssue({ code: 'custom', message: `must include ${name}` });
        }
      })
      .describe(
        'Fields without which an event is a dead letter. What the tables cannot do without must be there.',
      )
      .meta({ allOf: required.map((name) => ({ contains: { const: name } })) }),
    time_zone: z
      .string()
      .refine((zone) => localTimeZone(zone) !== undefined, 'is no IANA time zone')
      .describe('IANA zone of timestamps that have no offset, such as UTC or Asia/Seoul.'),
    formats: formatsSchema(fields),
    precedence: z
      .union(
        [
          z.tuple([z.literal('updated_at'), z.literal('version')]),
          z.tuple([z.literal('version'), z.literal('updated_at')]),
        ],
        { error: 'must be ["updated_at", "version"] or ["version", "updated_at"]' },
      )
      .describe('Which of the two decides first which state of a record is the newer one.'),
  });
}

/** Formats of the fields that have some to choose from: times, amounts, versions. */
function formatsSchema(fields: readonly Field[]) {
  const members = fields.flatMap(({ name, kind }): [string, z.ZodType<FieldFormat>][] => {
    if (kind === 'timestamp') return [[name, timeFormatSchema]];
    if (kind === 'version') return [[name, versionFormatSchema]];
    return kind === 'money' ? [[name, amountFormatSchema]] : [];
  });
  return z
    .strictObject(Object.fromEntries(members.map(([name, schema]) => [name, schema.optional()])))
    .optional()
    .describe(
      'How fields are written that are not as usual (times RFC 3339 or epoch milliseconds, amounts decimal, versions integers). Nothing else is ' +
        'read from such a field then.',
    );
}

function requiredFields(logicalTopic: LogicalTopic): string[] {
  return EVENT_FIELDS[logicalTopic].filter((field) => field.required === true).map((field) => field.name);
}

/** As the wire format and the content type of Azure Schema Registry have it. */
const SCHEMA_ID = /^(?:0|[1-9]\d{0,9}|[0-9a-f]{32})$/;

/** Control totals are written for this product: a profile need not say how. Off until CONTROL_TOPIC names a hub (SPEC 15). */
const CONTROL_TOPIC = {
  topic: '',
  aliases: {},
  core: requiredFields('control'),
  time_zone: 'UTC',
  precedence: ['version' as const, 'updated_at' as const] satisfies [string, string],
};

/** The format of a profile. */
export const profileSchema = z.strictObject({
  $schema: z.string().optional().describe('Where the JSON Schema of this file is, for editors.'),
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, dot, dash, underscore')
    .describe('Its name in metrics and dead letters. Give a changed profile another one.'),
  avro_schemas: z
    .record(z.string().regex(SCHEMA_ID, 'must be the id of a schema'), z.string().min(1))
    .optional()
    .describe(
      'Files of Avro schemas by the id that messages name: digits, or 32 hexadecimal ones of Azure Schema Registry. A path begins ' +
        "at the profile's folder.",
    ),
  settlement: settlementRulesSchema
    .optional()
    .describe(
      'How the entries of a payment add up; left out: the built-in rules (docs/profiles.md#settlement).',
    ),
  topics: z.strictObject({
    ledger: topicProfile('ledger'),
    payment_order: topicProfile('payment_order'),
    pair: topicProfile('pair'),
    control: topicProfile('control')
      .default(CONTROL_TOPIC)
      .describe('Control totals; left out: as documented, and off.'),
  }),
});

/** A validated profile. */
export type Profile = z.infer<typeof profileSchema>;

/** One field as a profile reads it. */
export interface ContractField extends Field, FieldReader {
  /** Its own name first, then its aliases in order of preference. */
  readonly names: readonly string[];
  /** Members to walk to nested ones; where a path begins at one of the names, an object there is no value. */
  readonly paths: readonly (readonly string[])[];
  /** Members to walk from the message, where the record is somewhere in it. */
  readonly rootPaths: readonly (readonly string[])[];
  /** How many names and paths it has. */
  readonly places: number;
  readonly core: boolean;
  /** Where the profile names one. */
  readonly format?: FieldFormat;
}

/** Everything that is needed to read the events of one topic. */
export interface Contract extends MessageRules {
  readonly logicalTopic: LogicalTopic;
  /** The hub's name: `topic` in every table and metric. */
  readonly topic: string;
  readonly profileId: string;
  readonly fields: readonly ContractField[];
  readonly zone: LocalTimeZone;
  /** `version` comes before `updated_at` in the precedence (SPEC 3). */
  readonly versionFirst: boolean;
}

/**
 * Checks a profile.
 * @throws Error that names every problem with its path.
 */
export function parseProfile(data: unknown, source: string): Profile {
  const result = profileSchema.safeParse(data);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'profile'}: ${issue.message}`,
  );
  throw new Error(`The contract profile ${source} is not valid: ${problems.join('; ')}`);
}

/** The contract of one logical topic, under the topic name that the settings resolved. */
export function contractOf<T extends LogicalTopic>(
  profile: Profile,
  logicalTopic: T,
  topic: string,
): Contract & { readonly logicalTopic: T } {
  const rules = profile.topics[logicalTopic];
  const aliases: Partial<Record<string, readonly Alias[]>> = rules.aliases;
  const formats: Partial<Record<string, FieldFormat>> = rules.formats ?? {};
  const envelope = rules.envelope ?? [];
  const core = new Set<string>(rules.core);
  // The schema has refused a zone that does not exist.
  const zone = localTimeZone(rules.time_zone)!;
  return {
    logicalTopic,
    topic,
    profileId: profile.id,
    encoding: rules.encoding ?? 'json',
    envelope,
    operation: rules.operation,
    ignored: new Set(rules.ignored),
    fields: EVENT_FIELDS[logicalTopic].map((field) => {
      const { names, paths, rootPaths } = placesOf(field, aliases[field.name] ?? []);
      const ofRecord = [...names.map((name) => [name]), ...paths].map((path) => [...envelope, ...path]);
      const format = formats[field.name];
      return {
        ...field,
        names,
        paths,
        rootPaths,
        places: names.length + paths.length + rootPaths.length,
        core: core.has(field.name),
        ...(format !== undefined && { format }),
        ...fieldReader(field.kind, format, zone, [...ofRecord, ...rootPaths]),
      };
    }),
    zone,
    versionFirst: rules.precedence[0] === 'version',
  };
}

function placesOf({ name }: Field, aliases: readonly Alias[]) {
  return {
    names: [name, ...aliases.filter((alias) => typeof alias === 'string')],
    paths: aliases.filter((alias) => Array.isArray(alias)),
    rootPaths: aliases.flatMap((alias) => (typeof alias === 'object' && 'root' in alias ? [alias.root] : [])),
  };
}

/** How the entries of a payment add up: as the profile says, or as built in. */
export function settlementRulesOf(profile: Profile): SettlementRules {
  return profile.settlement ?? DEFAULT_SETTLEMENT_RULES;
}

/** The topic names of a profile, by logical topic. */
export function topicNames(profile: Profile): Record<LogicalTopic, string> {
  return Object.fromEntries(LOGICAL_TOPICS.map((topic) => [topic, profile.topics[topic].topic])) as Record<
    LogicalTopic,
    string
  >;
}
