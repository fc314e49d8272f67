import { FIELDS, type Field, RECORD_TOPICS, type RecordTopic } from '../../../shared/contracts/fields.ts';
import type { Alias, Profile } from '../../../shared/contracts/profile.ts';
import { bare, isMinorUnits, matchName } from './names.ts';
import type { ProfileFormat } from './profileFormats.ts';
import type { Member, Survey } from './survey.ts';

/** A member that is a field, as far as its name and its values say. */
export interface Place {
  readonly member: Member;
  /** From the payload. */
  readonly path: readonly string[];
  readonly rank: number;
  /** The name is used for other things as well. */
  readonly weak: boolean;
  /** Of its values, how many the contract can read, in the format below if there is one. */
  readonly readable: number;
  /** A format that more of its values have than the usual one. */
  readonly format?: ProfileFormat;
}

export interface FieldReading {
  readonly field: Field;
  /** Where it is read from. */
  readonly chosen: readonly Place[];
  /** Other members of its names: nothing can be read there, or they say something else. */
  readonly others: readonly Place[];
}

/** How the samples would be read as a topic. */
export interface Reading {
  readonly topic: RecordTopic;
  readonly envelope: readonly string[];
  readonly payload: Member;
  /** Other objects that could as well be the record. */
  readonly rivals: readonly Member[];
  readonly fields: readonly FieldReading[];
  readonly minorUnits: readonly Member[];
  /** 1 where every core field is in every message. */
  readonly score: number;
}

/** Of the values of an optional field, so many have to be readable: one that is not is a dead letter. */
const READABLE_SHARE = 0.9;
const NESTED_RANK = 20;

/**
 * The most likely reading; for a topic that is known, or the best of all.
 * @param known a profile whose aliases are names that somebody has agreed on.
 */
export function bestReading(survey: Survey, topic: RecordTopic | undefined, known: Profile): Reading {
  const envelopes = objectsOf(survey.root);
  const readings = (topic === undefined ? RECORD_TOPICS : [topic]).flatMap((candidate) =>
    envelopes.map((payload) => readingOf(survey, candidate, payload, known.topics[candidate].aliases)),
  );
  const best = readings.reduce((one, other) => (other.score > one.score + 1e-9 ? other : one));
  const rivals = readings
    .filter((other) => other.topic === best.topic && other.score > Math.max(best.score - RIVAL_MARGIN, 0.5))
    .map(({ payload }) => payload)
    .filter((payload) => !within(payload, best.payload) && !within(best.payload, payload));
  return { ...best, rivals };
}

/** What an optional field or two make of the score. */
const RIVAL_MARGIN = 0.05;

function within(inner: Member, outer: Member): boolean {
  return outer.path.every((name, index) => inner.path[index] === name);
}

/** The body, and every object in it. Shorter paths come first: they win where all is equal. */
function objectsOf(root: Member): Member[] {
  const found = [root];
  for (const member of found) {
    for (const child of member.children.values()) {
      if (child.children.size > 0 && child.path.length <= 3) found.push(child);
    }
  }
  return found;
}

type Aliases = Readonly<Record<string, readonly Alias[] | undefined>>;

function readingOf(
  survey: Survey,
  topic: RecordTopic,
  payload: Member,
  known: Aliases,
): Omit<Reading, 'rivals'> {
  const candidates = candidatesOf(topic, payload, known);
  const taken = new Set<Member>();
  const chosen = new Map<string, Place[]>();
  const others = new Map<string, Place[]>();
  for (const { field, place } of candidates.sort((a, b) => order(a.place, b.place))) {
    if (taken.has(place.member)) continue;
    const already = chosen.get(field.name);
    const usable = isUsable(field, place) && (already === undefined || isFurther(survey, already, place));
    const list = usable ? chosen : others;
    list.set(field.name, [...(list.get(field.name) ?? []), place]);
    taken.add(place.member);
  }
  const fields = FIELDS[topic].map((field: Field) => ({
    field,
    chosen: (chosen.get(field.name) ?? []).map((place) => orUnsure(place, others.get(field.name) ?? [])),
    others: others.get(field.name) ?? [],
  }));
  const minorUnits = [...payload.children.values()].filter(
    ({ name, present }) => present > 0 && isMinorUnits(name),
  );
  return {
    topic,
    envelope: payload.path,
    payload,
    fields,
    minorUnits,
    score: scoreOf(topic, fields, survey.objects, payload),
  };
}

/** `from.wallet_id` beside `to.wallet_id`: nothing says which of the two it is. */
function orUnsure(place: Place, others: readonly Place[]): Place {
  const alike = others.some(({ rank, path }) => rank === place.rank && path.length > 1);
  return alike && place.path.length > 1 ? { ...place, weak: true } : place;
}

/** Members of the payload, and of objects in it, whose names are those of fields. */
function candidatesOf(topic: RecordTopic, payload: Member, known: Aliases): { field: Field; place: Place }[] {
  const fields: readonly Field[] = FIELDS[topic];
  const agreed = new Map(
    Object.entries(known).flatMap(([field, aliases = []]) =>
      aliases.map((alias): [string, string] => [JSON.stringify([alias].flat()), field]),
    ),
  );
  const found: { field: Field; place: Place }[] = [];
  const add = (member: Member, name: string, penalty: number) => {
    const path = member.path.slice(payload.path.length);
    const ofProfile = agreed.get(JSON.stringify(path));
    const match = matchName(topic, name);
    const field = fields.find((one) => one.name === (ofProfile ?? match?.field));
    if (field === undefined || member.present === 0) return false;
    const usual = member.readable.get(field.kind) ?? 0;
    const [format, count = 0] = [...member.readableIn].sort((a, b) => b[1] - a[1])[0] ?? [];
    const inFormat = format !== undefined && count > usual && isFormatOf(field, format);
    const readable = inFormat ? count : usual;
    // Its own name is what it is, whatever another spelling says.
    const own = path.length === 1 && member.name === field.name;
    const rank = own
      ? -1
      : match?.rank === 0 && path.length === 1
        ? 0
        : ofProfile
          ? 1
          : match!.rank + penalty;
    const weak = ofProfile === undefined && match!.weak;
    found.push({ field, place: { member, path, rank, weak, readable, ...(inFormat && { format }) } });
    return true;
  };
  for (const child of payload.children.values()) {
    // A former state, with all that is in it.
    if (child.former) continue;
    if (child.formats.size > 1 || !child.formats.has('object')) add(child, bare(child.name), 0);
    // No path leads into a text.
    for (const nested of child.inText > 0 ? [] : child.children.values()) {
      if (nested.holdsField) {
        // `{"$date": {"$numberLong": ...}}`
        for (const value of [nested, ...nested.children.values()]) {
          if (value.children.size === 0) add(value, bare(child.name), 0);
        }
        continue;
      }
      if (nested.children.size > 0) continue;
      const withParent = bare(`${child.name}_${nested.name}`);
      if (!add(nested, withParent, NESTED_RANK)) add(nested, bare(nested.name), 2 * NESTED_RANK);
    }
  }
  return found;
}

function order(a: Place, b: Place): number {
  return a.rank - b.rank || b.member.present - a.member.present || a.path.length - b.path.length;
}

function isUsable(field: Field, { member, readable, rank }: Place): boolean {
  // Its own name is read in any case.
  if (rank < 0) return true;
  const needed = isCore(field) ? 1 : READABLE_SHARE * (member.present - (member.formats.get('object') ?? 0));
  return readable > 0 && readable >= needed;
}

/** A member whose name is that of an amount and of a time has formats of both. */
function isFormatOf({ kind }: Field, { format }: ProfileFormat): boolean {
  return (kind === 'money') === (format === 'connect_decimal');
}

/** A second name of a field, for messages that do not have the first one. */
function isFurther(survey: Survey, already: readonly Place[], place: Place): boolean {
  if (place.weak || !survey.memberSetsComplete) return false;
  return already.every(({ member, format }) => {
    // A field has one format.
    if (format !== place.format) return false;
    for (const set of survey.memberSets.keys()) {
      const ids = set.split(',');
      if (ids.includes(String(member.id)) && ids.includes(String(place.member.id))) return false;
    }
    return true;
  });
}

/** Core fields count most; those that are asked of producers tell two readings apart. */
function scoreOf(
  topic: RecordTopic,
  fields: readonly FieldReading[],
  objects: number,
  payload: Member,
): number {
  if (objects === 0) return 0;
  const found = (name: string) => {
    const reading = fields.find(({ field }) => field.name === name);
    const share = (places: readonly Place[], worth: number) =>
      places.reduce((sum, { member, weak, path }) => {
        const kept = worth * (weak ? 0.6 : 1) * (path.length > 1 ? 0.95 : 1);
        return sum + (kept * member.present) / objects;
      }, 0);
    return Math.min(1, share(reading?.chosen ?? [], 1) || share(reading?.others ?? [], 0.7));
  };
  let score = 0;
  let most = 0;
  for (const { field } of fields) {
    const worth = isCore(field) ? 1 : 0.1;
    const share =
      topic === 'ledger' && field.name === 'event_time'
        ? Math.max(found('event_time'), found('source_created_at'))
        : found(field.name);
    score += worth * share;
    most += worth;
  }
  return score / most - payload.path.length * 1e-6;
}

function isCore(field: Field): boolean {
  return field.required === true;
}
