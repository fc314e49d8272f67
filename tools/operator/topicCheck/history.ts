import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import type { LedgerEntry } from '../../../shared/contracts/records.ts';
import { KEY_OF } from '../../../shared/contracts/records.ts';
import { PAYMENT_PAIRING } from '../../../shared/pairing/rule.ts';
import {
  comparePositions,
  comparePrecedence,
  invertsAxis,
  losingVerdict,
  mixesAxes,
  type Positioned,
} from '../../../shared/precedence/precedence.ts';
import { SampledMap } from './sampledMap.ts';

/** What the states of one record say together. */
interface RecordHistory<T extends RecordTopic> {
  highest: Positioned<T>;
  moved: boolean;
  readonly counts: HistoryCounts;
}

/** Kept with each record: what is counted of one that is left out later must go with it. */
export interface HistoryCounts {
  /** States beyond the first one. */
  repeated: number;
  late: number;
  duplicates: number;
  conflicts: number;
  mixedAxes: number;
  /** Behind a newer state in the same partition. */
  inversions: number;
  /** `updated_at` and `version` say opposite things of two states. */
  contradictions: number;
}

const NONE: HistoryCounts = {
  repeated: 0,
  late: 0,
  duplicates: 0,
  conflicts: 0,
  mixedAxes: 0,
  inversions: 0,
  contradictions: 0,
};

interface Group {
  readonly payments: Set<string>;
  readonly receives: Set<string>;
}

/** More entries of one kind than this say nothing more: the pair is ambiguous. */
const MAX_ENTRIES = 3;

/**
 * How the states of each record follow each other, and which entries would be pairs. Records and pairs beyond the limit
 * are left out by their key's hash, so that what is counted is true for those that are kept.
 */
export class History<T extends RecordTopic> {
  readonly #topic: T;
  readonly #versionFirst: boolean;
  readonly #records: SampledMap<RecordHistory<T>>;
  readonly #groups: SampledMap<Group>;
  entryTypes = { payment: 0, receive: 0, other: 0 };
  /** Payments and receives with a `related_type` that never pairs. */
  ofOtherType = 0;

  constructor(topic: T, versionFirst: boolean, limit: number) {
    this.#topic = topic;
    this.#versionFirst = versionFirst;
    this.#records = new SampledMap(limit);
    this.#groups = new SampledMap(limit);
  }

  add({ record, position: { enqueuedAt, partition, sequenceNumber } }: Positioned<T>): void {
    if (this.#topic === 'ledger') this.#addEntry(record as LedgerEntry);
    const key = KEY_OF[this.#topic](record);
    if (!this.#records.takes(key)) return;
    // A copy: the event itself holds on to its body.
    const event = { record, position: { enqueuedAt, partition, sequenceNumber } };
    const known = this.#records.get(key);
    if (known === undefined) {
      this.#records.set(key, { highest: event, moved: false, counts: { ...NONE } });
      return;
    }
    const { highest, counts } = known;
    if (highest.position.partition !== partition) known.moved = true;
    counts.repeated++;
    const wins = comparePrecedence(event, highest, this.#versionFirst) > 0;
    const [above, below] = wins ? [event, highest] : [highest, event];
    const verdict = losingVerdict(this.#topic, below, above);
    if (verdict === 'duplicate') counts.duplicates++;
    else if (verdict === 'conflict') counts.conflicts++;
    // Of a lower revision, and yet after it in the broker.
    else if (comparePositions(below.position, above.position) > 0) counts.late++;
    if (mixesAxes(below.record, above.record, this.#versionFirst)) counts.mixedAxes++;
    if (invertsAxis(below, above, this.#versionFirst)) counts.inversions++;
    if (contradict(below.record, above.record)) counts.contradictions++;
    if (wins) known.highest = event;
  }

  #addEntry({ txId, entryType, relatedId, relatedType }: LedgerEntry): void {
    const { paymentEntryType, receiveEntryType, relatedType: paired } = PAYMENT_PAIRING;
    const kind =
      entryType === paymentEntryType ? 'payment' : entryType === receiveEntryType ? 'receive' : 'other';
    this.entryTypes[kind]++;
    if (kind === 'other' || relatedId === null) return;
    if (relatedType !== null && relatedType !== paired) {
      this.ofOtherType++;
      return;
    }
    if (!this.#groups.takes(relatedId)) return;
    const group = this.#groups.get(relatedId) ?? { payments: new Set(), receives: new Set() };
    const entries = kind === 'payment' ? group.payments : group.receives;
    if (entries.size < MAX_ENTRIES) entries.add(txId);
    this.#groups.set(relatedId, group);
  }

  /** How many records were followed, one in how many these are, and what was counted of them. */
  get records(): HistoryCounts & { followed: number; oneIn: number; inSeveralPartitions: number } {
    let inSeveralPartitions = 0;
    const sum = { ...NONE };
    for (const { moved, counts } of this.#records.values()) {
      if (moved) inSeveralPartitions++;
      for (const name of Object.keys(NONE) as (keyof HistoryCounts)[]) sum[name] += counts[name];
    }
    return { ...sum, followed: this.#records.size, oneIn: this.#records.oneIn, inSeveralPartitions };
  }

  get pairs(): { followed: number; oneIn: number; complete: number; ambiguous: number } {
    let complete = 0;
    let ambiguous = 0;
    for (const { payments, receives } of this.#groups.values()) {
      if (payments.size > 1 || receives.size > 1) ambiguous++;
      else if (payments.size === 1 && receives.size === 1) complete++;
    }
    return { followed: this.#groups.size, oneIn: this.#groups.oneIn, complete, ambiguous };
  }
}

interface Revision {
  readonly updatedAt: number | null;
  readonly version: bigint | null;
}

function contradict(below: Revision, above: Revision): boolean {
  if (below.updatedAt === null || above.updatedAt === null) return false;
  if (below.version === null || above.version === null) return false;
  const byTime = above.updatedAt - below.updatedAt;
  return above.version === below.version
    ? false
    : byTime !== 0 && byTime > 0 !== above.version > below.version;
}
