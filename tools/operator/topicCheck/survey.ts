import { decodeBody } from '../../../shared/contracts/decode.ts';
import { readerOf } from '../../../shared/contracts/fieldReader.ts';
import { type FieldKind, LOGICAL_TOPICS } from '../../../shared/contracts/fields.ts';
import { isObject, type JsonObject } from '../../../shared/contracts/json.ts';
import { present } from '../../../shared/contracts/normalise.ts';
import { contractOf, type Profile } from '../../../shared/contracts/profile.ts';
import { type Microseconds, readTimestamp } from '../../../shared/contracts/timestamp.ts';
import { type Format, formatOf } from './formats.ts';
import { bare, isCurrency, isFormerState, isMinorUnits, matchName } from './names.ts';
import type { Sample } from './sample.ts';

/** Deeper and wider than payments are; what is beyond is not looked at, so that memory is bounded. */
const MAX_DEPTH = 5;
const MAX_MEMBERS = 1000;
const MAX_NAME = 256;
const MAX_MEMBER_SETS = 5000;
const MAX_CURRENCIES = 20;
const QUARTER_HOUR = 15 * 60_000_000;
const asUtc = (local: Microseconds) => local;

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
  /** Samples in which it has a value: not null, not blank. */
  present = 0;
  empty = 0;
  readonly formats = new Map<Format, number>();
  /** Of the values, how many can be read as each of `kinds`. */
  readonly readable = new Map<FieldKind, number>();
  /** Times without an offset: quarters of an hour that they are ahead of a time that is known. */
  readonly ahead = new Map<number, number>();
  readonly currencies: Set<string> | undefined;

  constructor(id: number, path: readonly string[], parent: Member | undefined, agreed: AgreedNames) {
    this.id = id;
    this.path = path;
    const own = bare(path.at(-1) ?? '');
    const withParent = bare(path.slice(-2).join('_'));
    const found = LOGICAL_TOPICS.flatMap((topic) => [matchName(topic, own), matchName(topic, withParent)]);
    const byName = found.flatMap((match) => (match === undefined ? [] : [match.kind]));
    this.kinds = [...new Set([...byName, ...(agreed.get(path.at(-1) ?? '') ?? [])])];
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
  /** Bodies that are JSON objects. */
  objects = 0;
  samples = 0;
  placed = 0;
  keyed = 0;
  readonly partitions = new Map<number, number>();
  /** Which members of known names occur together: their ids, joined; and how often. */
  readonly memberSets = new Map<string, number>();
  memberSetsComplete = true;
  membersComplete = true;
  #members = 1;

  /** @param known a profile whose aliases are looked for as well. */
  constructor(known: Profile) {
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
    const decoded = decodeBody(event.body);
    if (!decoded.accepted) return;
    this.objects++;
    const seen: Seen = { ids: [], local: [], known: placed ? event.enqueuedAt : undefined, placed };
    this.#walk(this.root, decoded.object, seen);
    this.#keepSet(seen.ids);
    for (const [member, time] of seen.local) {
      if (seen.known === undefined) break;
      const quarters = Math.round((time - seen.known) / QUARTER_HOUR);
      // Only offsets that exist: from -12 to +14 hours.
      if (quarters >= -48 && quarters <= 56) {
        member.ahead.set(quarters, (member.ahead.get(quarters) ?? 0) + 1);
      }
    }
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
      if (isObject(value)) {
        if (member.path.length < MAX_DEPTH) this.#walk(member, value, seen);
      } else if (member.kinds.length > 0) this.#read(member, value, format, seen);
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
      if (readerOf(kind, asUtc).read(value, {}, 0) === undefined) continue;
      member.readable.set(kind, (member.readable.get(kind) ?? 0) + 1);
    }
    if (member.kinds[0] !== 'timestamp') return;
    const time = readTimestamp(value, (local) => local);
    if (time === undefined) return;
    if (format === 'time_without_offset') seen.local.push([member, time]);
    // The latest of its other times is nearest to when the message was made.
    else if (!seen.placed && !member.former) seen.known = Math.max(seen.known ?? 0, time);
  }

  #keepSet(ids: number[]): void {
    const set = ids.sort((a, b) => a - b).join();
    const count = this.memberSets.get(set);
    if (count === undefined && this.memberSets.size >= MAX_MEMBER_SETS) this.memberSetsComplete = false;
    else this.memberSets.set(set, (count ?? 0) + 1);
  }
}

function agreedNames(profile: Profile): AgreedNames {
  const names = new Map<string, FieldKind[]>();
  for (const topic of LOGICAL_TOPICS) {
    for (const { kind, names: members, paths } of contractOf(profile, topic, '').fields) {
      for (const name of [...members, ...paths.map((path) => path.at(-1)!)]) {
        names.set(name, [...(names.get(name) ?? []), kind]);
      }
    }
  }
  return names;
}

interface Seen {
  readonly ids: number[];
  readonly local: [Member, Microseconds][];
  /** A time that is known: when the broker had the message, else the latest one in it that has an offset. */
  known: Microseconds | undefined;
  readonly placed: boolean;
}
