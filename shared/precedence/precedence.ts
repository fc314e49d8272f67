import type { LogicalTopic } from '../contracts/fields.ts';
import { type RecordOf, sameContent } from '../contracts/records.ts';
import type { Microseconds } from '../contracts/timestamp.ts';

/** Where the broker put an event. Unique within a topic, over the life of its hub. */
export interface BrokerPosition {
  readonly enqueuedAt: Microseconds;
  readonly partition: number;
  readonly sequenceNumber: number;
}

/** The two axes by which a producer orders the states of a record; absent ones rank below every value. */
interface Revision {
  readonly updatedAt: Microseconds | null;
  readonly version: bigint | null;
}

export interface Positioned<T extends LogicalTopic> {
  readonly record: RecordOf<T>;
  readonly position: BrokerPosition;
}

/**
 * Compares two events of one key by precedence (SPEC 3): positive where `a` outranks `b`. One lexicographic tuple
 * `(updated_at or -infinity, version or -infinity, enqueued_at, partition, sequence_number)`, from the event and
 * the broker only; a profile may put `version` first.
 */
export function comparePrecedence<T extends LogicalTopic>(
  a: Positioned<T>,
  b: Positioned<T>,
  versionFirst: boolean,
): number {
  return compareRevisions(a.record, b.record, versionFirst) || comparePositions(a.position, b.position);
}

/** Compares two events by when the broker had them: positive where `a` is the later one. */
export function comparePositions(a: BrokerPosition, b: BrokerPosition): number {
  return a.enqueuedAt - b.enqueuedAt || a.partition - b.partition || a.sequenceNumber - b.sequenceNumber;
}

function compareRevisions(a: Revision, b: Revision, versionFirst: boolean): number {
  const byTime = compareOptional(a.updatedAt, b.updatedAt);
  const byVersion = compareOptional(a.version, b.version);
  return versionFirst ? byVersion || byTime : byTime || byVersion;
}

function compareOptional<V extends number | bigint>(a: V | null, b: V | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/** What an event is, held against one that outranks it or that it repeats (SPEC 3, 4). */
export type LosingVerdict = 'stale' | 'duplicate' | 'conflict';

/**
 * The verdict on an event that does not outrank `holder`, both of one key. At equal revisions the same content is
 * a duplicate and other content a conflict; with no revision at all, the later position is simply newer.
 */
export function losingVerdict<T extends LogicalTopic>(
  topic: T,
  event: Positioned<T>,
  holder: Positioned<T>,
): LosingVerdict {
  const { updatedAt, version } = event.record;
  if (updatedAt !== holder.record.updatedAt || version !== holder.record.version) return 'stale';
  if (sameContent(topic, event.record, holder.record)) return 'duplicate';
  return updatedAt === null && version === null ? 'stale' : 'conflict';
}

/** Whether the event lacks the profile's first axis while the other one has it: the topic mixes its orders. */
export function mixesAxes(event: Revision, holder: Revision, versionFirst: boolean): boolean {
  return versionFirst
    ? event.version === null && holder.version !== null
    : event.updatedAt === null && holder.updatedAt !== null;
}

/**
 * Whether the broker has the event after the one that outranks it by its axes, in one partition: the producer's clock or
 * version went backwards while the record changed (docs/clocks.md).
 */
export function invertsAxis<T extends LogicalTopic>(
  event: Positioned<T>,
  holder: Positioned<T>,
  versionFirst: boolean,
): boolean {
  return (
    event.position.partition === holder.position.partition &&
    comparePositions(event.position, holder.position) > 0 &&
    compareRevisions(event.record, holder.record, versionFirst) < 0 &&
    !mixesAxes(event.record, holder.record, versionFirst)
  );
}
