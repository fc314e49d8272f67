import type { EnvelopeStep } from '../../../shared/contracts/envelope.ts';
import { RECORD_TOPICS, type RecordTopic } from '../../../shared/contracts/fields.ts';
import type { NoRecord } from '../../../shared/contracts/openMessage.ts';
import { type Alias, type Profile, parseProfile } from '../../../shared/contracts/profile.ts';
import type { VersionFormat } from '../../../shared/contracts/versionFormats.ts';
import type { ProfileFormat } from './profileFormats.ts';
import type { FieldReading, Place, Reading } from './reading.ts';
import type { Member, Survey } from './survey.ts';
import type { ZoneFinding } from './zone.ts';

/** A profile with which the samples are read; only the checked topic differs from `base`. */
export function proposeProfile(
  base: Profile,
  survey: Survey,
  reading: Reading,
  zone: ZoneFinding,
  names: { readonly id: string; readonly hub: string | undefined; readonly ignored: readonly NoRecord[] },
): Profile {
  const rules = base.topics[reading.topic];
  const { envelope: _, ...rest } = rules;
  const ignored = [...new Set([...(rules.ignored ?? []), ...names.ignored])];
  const position = positionOf(survey, reading);
  const formats = {
    ...rules.formats,
    ...formatsOf(reading),
    ...(position !== undefined && { version: position.format }),
  };
  const { registry_json: behindHeader, text: inText, avro } = survey.wrapped;
  // One profile reads one of them: what most of the messages are.
  const envelope: EnvelopeStep[] = [
    ...(inText * 2 > survey.objects ? [{ parse: 'json' } as const] : []),
    ...stepsTo(survey.root, reading.envelope),
  ];
  const proposed = {
    ...rest,
    topic: names.hub ?? rules.topic,
    ...(survey.operation !== undefined && {
      operation: { path: [...survey.operation.path], deletes: [...survey.operation.deletes].sort() },
    }),
    ...(behindHeader * 2 > survey.objects && { encoding: 'registry_json' }),
    ...(avro * 2 > survey.objects && { encoding: 'avro' }),
    ...(envelope.length > 0 && { envelope }),
    ...(ignored.length === 0 ? {} : { ignored }),
    ...(Object.keys(formats).length === 0 ? {} : { formats }),
    aliases: {
      ...aliasesOf(reading, rules.aliases as Record<string, Alias[]>),
      ...(position !== undefined && { version: [position.alias] }),
    },
    ...(zone.kind === 'known' ? { time_zone: zone.zone } : {}),
    precedence:
      position === undefined ? precedenceOf(survey, reading, rules.precedence) : ['version', 'updated_at'],
  };
  const topics = Object.fromEntries(
    RECORD_TOPICS.map((topic: RecordTopic) => [
      topic,
      topic === reading.topic ? proposed : base.topics[topic],
    ]),
  );
  const schemas = base.avro_schemas;
  return parseProfile(
    { id: names.id, ...(schemas !== undefined && { avro_schemas: schemas }), topics },
    'that is proposed',
  );
}

/** The members to walk to the record, and into those that are a text. */
function stepsTo(root: Member, path: readonly string[]): EnvelopeStep[] {
  return path.flatMap((name, index): EnvelopeStep[] => {
    const member = memberAt(root, path.slice(0, index + 1));
    return member !== undefined && member.inText * 2 > member.present ? [name, { parse: 'json' }] : [name];
  });
}

/** A place in a source's log that orders the states of a record, and its format. */
interface LogPosition {
  readonly alias: { root: string[] };
  readonly format: VersionFormat;
}

/**
 * Where the place of a change in the log of PostgreSQL or MySQL is, as Debezium writes it, if that is all that orders the
 * states of a record: there is neither `updated_at` nor `version`.
 */
export function positionOf(survey: Survey, { envelope, fields }: Reading): LogPosition | undefined {
  const isOrdered = fields.some(
    ({ field, chosen }) => (field.name === 'updated_at' || field.name === 'version') && chosen.length > 0,
  );
  if (isOrdered || envelope.at(-1) !== 'after') return undefined;
  const root = [...envelope.slice(0, -1), 'source'];
  const isInteger = (name: string) => memberAt(survey.root, [...root, name])?.formats.has('integer') === true;
  if (isInteger('lsn')) {
    return { alias: { root: [...root, 'lsn'] }, format: { format: 'postgres_lsn', epoch: 0 } };
  }
  const hasFile = memberAt(survey.root, [...root, 'file'])?.formats.has('text') === true;
  return hasFile && isInteger('pos')
    ? { alias: { root }, format: { format: 'mysql_binlog', epoch: 0 } }
    : undefined;
}

/** Formats that the values of fields have. */
function formatsOf({ fields }: Reading): Record<string, ProfileFormat> {
  return Object.fromEntries(
    fields.flatMap(({ field, chosen: [place] }) =>
      place?.format === undefined ? [] : [[field.name, place.format]],
    ),
  );
}

/** What was found; of the base's aliases those that say nothing else here. */
function aliasesOf(reading: Reading, known: Readonly<Record<string, Alias[]>>): Record<string, Alias[]> {
  const aliases: Record<string, Alias[]> = {};
  const used = new Set<string>();
  for (const { field, chosen } of reading.fields) {
    const found = chosen.filter(({ path }) => path.length > 1 || path[0] !== field.name).map(aliasOf);
    for (const alias of found) used.add(JSON.stringify(alias));
    if (found.length > 0) aliases[field.name] = found;
  }
  for (const { field } of reading.fields) {
    const unseen = (known[field.name] ?? []).filter(
      (alias) => !used.has(JSON.stringify(alias)) && !occurs(reading, alias),
    );
    if (unseen.length > 0) aliases[field.name] = [...(aliases[field.name] ?? []), ...unseen];
  }
  return aliases;
}

function aliasOf({ path }: Place): Alias {
  return path.length === 1 ? path[0]! : [...path];
}

/** The member that these names lead to, one within the other. */
function memberAt(start: Member, names: readonly string[]): Member | undefined {
  return names.reduce<Member | undefined>((member, name) => member?.children.get(name), start);
}

function occurs({ payload }: Reading, alias: Alias): boolean {
  // What is around the record is not looked for.
  if (typeof alias === 'object' && 'root' in alias) return false;
  const member = memberAt(payload, [alias].flat());
  return member !== undefined && member.present > 0;
}

/** The axis that more messages have comes first: one that lacks it is behind every message that has it. */
function precedenceOf(
  survey: Survey,
  reading: Reading,
  known: Profile['topics']['ledger']['precedence'],
): Profile['topics']['ledger']['precedence'] {
  const byTime = shareOf(reading, 'updated_at', survey.objects);
  const byVersion = shareOf(reading, 'version', survey.objects);
  const [first, second] = known[0] === 'version' ? [byVersion, byTime] : [byTime, byVersion];
  if (first === 0 || first >= NEARLY_ALL || second <= first) return known;
  return known[0] === 'version' ? ['updated_at', 'version'] : ['version', 'updated_at'];
}

const NEARLY_ALL = 0.99;

/** In what share of the messages a field has a value where it is read from. */
function shareOf(reading: Reading, field: string, objects: number): number {
  const found: FieldReading | undefined = reading.fields.find((one) => one.field.name === field);
  const present = (found?.chosen ?? []).reduce((sum, { member }) => sum + member.present, 0);
  return objects === 0 ? 0 : Math.min(1, present / objects);
}

/** Whether a profile reads every member that the reading found, in the same envelope, zone and order. */
export function readsAll(profile: Profile, proposed: Profile, reading: Reading): boolean {
  const rules = profile.topics[reading.topic];
  const wanted = proposed.topics[reading.topic];
  return (
    JSON.stringify(rules.envelope ?? []) === JSON.stringify(wanted.envelope ?? []) &&
    rules.encoding === wanted.encoding &&
    JSON.stringify(rules.operation) === JSON.stringify(wanted.operation) &&
    rules.precedence[0] === wanted.precedence[0] &&
    rules.time_zone === wanted.time_zone &&
    JSON.stringify(rules.formats ?? {}) === JSON.stringify(wanted.formats ?? {}) &&
    (wanted.aliases.version ?? [])
      .filter(isFromRoot)
      .every((alias) => isAmong(alias, rules.aliases.version)) &&
    (wanted.ignored ?? []).every((kind) => rules.ignored?.includes(kind) === true) &&
    reading.fields.every(({ field, chosen }) =>
      chosen.every((place) => readsPlace(rules.aliases, field.name, place)),
    )
  );
}

function isFromRoot(alias: Alias): boolean {
  return typeof alias === 'object' && 'root' in alias;
}

function isAmong(alias: Alias, aliases: readonly Alias[] = []): boolean {
  return aliases.some((known) => JSON.stringify(known) === JSON.stringify(alias));
}

/** Whether a field is read from a place, in the right envelope. */
export function readsPlace(
  aliases: Readonly<Record<string, readonly Alias[] | undefined>>,
  field: string,
  place: Place,
): boolean {
  const alias = JSON.stringify(aliasOf(place));
  return (
    alias === JSON.stringify(field) || (aliases[field] ?? []).some((known) => JSON.stringify(known) === alias)
  );
}
