import { decodeAvro, type KnownSchemas } from '../../../shared/contracts/avro.ts';
import { connectSchemaAt } from '../../../shared/contracts/connectSchema.ts';
import { decodeJson, parseJson } from '../../../shared/contracts/decode.ts';
import { readerOf } from '../../../shared/contracts/fieldReader.ts';
import { FIELDS, type FieldKind, RECORD_TOPICS } from '../../../shared/contracts/fields.ts';
import { isObject, type JsonObject } from '../../../shared/contracts/json.ts';
import { present } from '../../../shared/contracts/normalise.ts';
import type { NoRecord } from '../../../shared/contracts/openMessage.ts';
import { contractOf, type Profile } from '../../../shared/contracts/profile.ts';
import { timeReader } from '../../../shared/contracts/timeFormats.ts';
import { type Microseconds, readTimestamp } from '../../../shared/contracts/timestamp.ts';
import type { BrokerEvent } from '../../../shared/ingest/brokerEvent.ts';
import { type Format, formatOf } from './formats.ts';
import { bare, isCurrency, isFormerState, isMinorUnits, isTypedValue, matchName } from './names.ts';
import { type FoundNoRecord, noRecordOf } from './noRecords.ts';
import { type ProfileFormat, profileFormatOf } from './profileFormats.ts';
import type { Sample } from './sample.ts';

/** Deeper and wider than payments are; what is beyond is not looked at, so that memory is bounded. */
const MAX_DEPTH = 5;
const MAX_MEMBERS = 1000;
const MAX_NAME = 256;
const MAX_MEMBER_SETS = 5000;
const MAX_CURRENCIES = 20;
const QUARTER_HOUR = 15 * 60_000_000;
const asUtc = (local: Microseconds) => local;
const PARTS = timeReader({ format: 'date_parts' }, asUtc);

/** Names of members that a profile reads, and as what. */
type AgreedNames = ReadonlyMap<string, readonly FieldKind[]>;

/** What is known of one member, over all samples. */
export class Member {
  readonly id: number;
  /** From the body. */
  readonly path: readonly string[];
  /** What it would be read as, by its name. */
  readonly kinds: readonly FieldKind[];
  readonly children = new Map<string, Member>();
  /** Of a name that says that it holds a former state. */
  readonly former: boolean;
  /** It is the value of the field around it, as `{"string": ...}` has it. */
  readonly holdsField: boolean;
  /** Texts that hold a JSON object, which is looked into. */
  inText = 0;
  /** Of arrays of objects: whether the first has names of a record, how often. */
  recordsInside = 0;
  /** Samples in which it has a value: not null, not blank. */
  present = 0;
  empty = 0;
  readonly formats = new Map<Format, number>();
  /** Of the values, how many can be read as each of `kinds`. */
  readonly readable = new Map<FieldKind, number>();
  /** Of the values, how many in a format that a profile can name: those that are not read as usual, and bytes with their schema. */
  readonly readableIn = new Map<ProfileFormat, number>();
  /** Times without an offset: quarters of an hour that they are ahead of a time that is known. */
  readonly ahead = new Map<number, number>();
  /** Other times, and how many of them are as many quarters later than the broker had their message. */
  readonly later = new Map<number, number>();
  located = 0;
  readonly currencies: Set<string> | undefined;

  constructor(id: number, path: readonly string[], parent: Member | undefined, agreed: AgreedNames) {
    this.id = id;
    this.path = path;
    const own = bare(path.at(-1) ?? '');
    const withParent = bare(path.slice(-2).join('_'));
    const found = RECORD_TOPICS.flatMap((topic) => [matchName(topic, own), matchName(topic, withParent)]);
    const byName = found.flatMap((match) => (match === undefined ? [] : [match.kind]));
    this.holdsField = isTypedValue(path.at(-1) ?? '') && (parent?.kinds.length ?? 0) > 0;
    this.kinds = this.holdsField
      ? parent!.kinds
      : [...new Set([...byName, ...(agreed.get(path.at(-1) ?? '') ?? [])])];
    if (this.kinds.length === 0 && isMinorUnits(own)) this.kinds = ['money'];
    this.former = parent?.former === true || isFormerState(path.at(-1) ?? '');
    this.currencies = isCurrency(own) || isCurrency(withParent) ? new Set() : undefined;
  }

  get name(): string {
    return this.path.at(-1) ?? '';
  }
}

/** What the samples look like, without regard to any contract. */
export class Survey {
  readonly root: Member;
  readonly #agreed: AgreedNames;
  readonly #schemas: KnownSchemas;
  /** Bodies that are objects, and may hold a record. */
  objects = 0;
  /** Those of them that are behind a registry's header, in a string, or in Avro. */
  readonly wrapped = { registry_json: 0, text: 0, avro: 0 };
  /** Messages that hold none, by their kind. */
  readonly noRecords = new Map<NoRecord, number>();
  /** The first member that says of a message that it is a delete, and its values that do. */
  operation: { readonly path: readonly string[]; readonly deletes: Set<string> } | undefined;
  samples = 0;
  placed = 0;
  keyed = 0;
  readonly partitions = new Map<number, number>();
  /** Which members of known names occur together: their ids, joined; and how often. */
  readonly memberSets = new Map<string, number>();
  memberSetsComplete = true;
  membersComplete = true;
  #members = 1;

  /**
   * @param known a profile whose aliases are looked for as well.
   * @param schemas those of the samples that are in Avro.
   */
  constructor(known: Profile, schemas: KnownSchemas) {
    this.#schemas = schemas;
    this.#agreed = agreedNames(known);
    this.root = new Member(0, [], undefined, this.#agreed);
  }

  add({ event, placed }: Sample): void {
    this.samples++;
    if (placed) {
      this.placed++;
      this.partitions.set(event.partition, (this.partitions.get(event.partition) ?? 0) + 1);
      if (event.key !== null) this.keyed++;
    }
    const found = objectOf(event, this.#schemas);
    const noRecord = noRecordOf(event.body, found?.object);
    if (noRecord !== undefined) this.#countNoRecord(noRecord);
    if (noRecord !== undefined || found === undefined) return;
    this.objects++;
    if (found.wrapping !== undefined) this.wrapped[found.wrapping]++;
    const seen: Seen = {
      root: found.object,
      ids: [],
      local: [],
      others: [],
      known: placed ? event.enqueuedAt : undefined,
      placed,
    };
    this.#walk(this.root, found.object, seen);
    this.#keepSet(seen.ids);
    for (const [member, time] of seen.others) {
      member.located++;
      const quarters = Math.round((time - event.enqueuedAt) / QUARTER_HOUR);
      if (quarters >= 4 && quarters <= 56) member.later.set(quarters, (member.later.get(quarters) ?? 0) + 1);
    }
    for (const [member, time] of seen.local) {
      if (seen.known === undefined) break;
      const quarters = Math.round((time - seen.known) / QUARTER_HOUR);
      // Only offsets that exist: from -12 to +14 hours.
      if (quarters >= -48 && quarters <= 56) {
        member.ahead.set(quarters, (member.ahead.get(quarters) ?? 0) + 1);
      }
    }
  }

  #countNoRecord({ kind, operation }: FoundNoRecord): void {
    this.noRecords.set(kind, (this.noRecords.get(kind) ?? 0) + 1);
    if (operation === undefined) return;
    this.operation ??= { path: operation.path, deletes: new Set() };
    if (this.operation.path === operation.path) this.operation.deletes.add(operation.value);
  }

  #walk(parent: Member, object: JsonObject, seen: Seen): void {
    for (const name of Object.keys(object)) {
      // No profile can name these.
      if (name === '' || name === '__proto__') continue;
      const member = this.#member(parent, name);
      if (member === undefined) continue;
      const value = present(object, name);
      if (value === undefined) {
        member.empty++;
        continue;
      }
      member.present++;
      const format = formatOf(value, member.kinds[0]);
      member.formats.set(format, (member.formats.get(format) ?? 0) + 1);
      const text = typeof value === 'string' && value.startsWith('{') ? parseJson(value) : undefined;
      const inner = format === 'object' ? value : text;
      if (text !== undefined) member.inText++;
      if (isObject(inner)) {
        if (member.path.length < MAX_DEPTH) this.#walk(member, inner, seen);
      } else if (member.kinds.length > 0) this.#read(member, value, format, seen);
      if (Array.isArray(value) && isRecord(value[0])) member.recordsInside++;
      const { currencies } = member;
      if (currencies !== undefined && currencies.size < MAX_CURRENCIES) currencies.add(String(value));
    }
  }

  #member(parent: Member, name: string): Member | undefined {
    const known = parent.children.get(name);
    if (known !== undefined) return known;
    if (this.#members >= MAX_MEMBERS || name.length > MAX_NAME) {
      this.membersComplete = false;
      return undefined;
    }
    const member = new Member(this.#members++, [...parent.path, name], parent, this.#agreed);
    parent.children.set(name, member);
    return member;
  }

  #read(member: Member, value: unknown, format: Format, seen: Seen): void {
    seen.ids.push(member.id);
    for (const kind of member.kinds) {
      const isUsual = readerOf(kind, asUtc).read(value, {}, 0) !== undefined;
      // Bytes whose base64 looks like a number: their schema says what they are.
      const found =
        isUsual && kind !== 'money' ? undefined : profileFormatOf(value, kind, schemaOf(member, seen));
      if (found !== undefined) member.readableIn.set(found, (member.readableIn.get(found) ?? 0) + 1);
      if (!isUsual) continue;
      member.readable.set(kind, (member.readable.get(kind) ?? 0) + 1);
    }
    if (member.kinds[0] !== 'timestamp') return;
    const time = readTimestamp(value, asUtc) ?? PARTS.read(value);
    if (time === undefined) return;
    if (format === 'time_without_offset' || format === 'date_parts') seen.local.push([member, time]);
    else if (seen.placed) seen.others.push([member, time]);
    // The latest of its other times is nearest to when the message was made.
    else if (!member.former) seen.known = Math.max(seen.known ?? 0, time);
  }

  #keepSet(ids: number[]): void {
    const set = ids.sort((a, b) => a - b).join();
    const count = this.memberSets.get(set);
    if (count === undefined && this.memberSets.size >= MAX_MEMBER_SETS) this.memberSetsComplete = false;
    else this.memberSets.set(set, (count ?? 0) + 1);
  }
}

function schemaOf({ path }: Member, { root }: Seen): JsonObject | undefined {
  return path[0] === 'payload' ? connectSchemaAt(root, path) : undefined;
}

/** By the names of its members: three fields of a topic, one of them its key. */
function isRecord(value: unknown): boolean {
  if (!isObject(value)) return false;
  return RECORD_TOPICS.some((topic) => {
    const matches = Object.keys(value).flatMap((name) => matchName(topic, bare(name)) ?? []);
    const fields = new Set(matches.map(({ field }) => field));
    return fields.size >= 3 && fields.has(FIELDS[topic][0].name);
  });
}

/** The object that a message is, or that is in it. */
function objectOf(
  event: BrokerEvent,
  schemas: KnownSchemas,
): { object: JsonObject; wrapping?: keyof Survey['wrapped'] } | undefined {
  const { body } = event;
  const decoded = decodeJson(body);
  if (!decoded.accepted) {
    const avro = decodeAvro(event, schemas);
    if (avro.accepted) return isObject(avro.value) ? { object: avro.value, wrapping: 'avro' } : undefined;
    const behind = decodeJson(body, 'registry_json');
    return behind.accepted && isObject(behind.value)
      ? { object: behind.value, wrapping: 'registry_json' }
      : undefined;
  }
  if (isObject(decoded.value)) return { object: decoded.value };
  const inner = typeof decoded.value === 'string' ? parseJson(decoded.value) : undefined;
  return isObject(inner) ? { object: inner, wrapping: 'text' } : undefined;
}

function agreedNames(profile: Profile): AgreedNames {
  const names = new Map<string, FieldKind[]>();
  for (const topic of RECORD_TOPICS) {
    for (const { kind, names: members, paths } of contractOf(profile, topic, '').fields) {
      for (const name of [...members, ...paths.map((path) => path.at(-1)!)]) {
        names.set(name, [...(names.get(name) ?? []), kind]);
      }
    }
  }
  return names;
}

interface Seen {
  readonly root: JsonObject;
  readonly ids: number[];
  readonly local: [Member, Microseconds][];
  /** Times that say where they are, of messages with the broker's data. */
  readonly others: [Member, Microseconds][];
  /** A time that is known: when the broker had the message, else the latest one in it that has an offset. */
  known: Microseconds | undefined;
  readonly placed: boolean;
}
