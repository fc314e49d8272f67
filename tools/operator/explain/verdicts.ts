import { type LogicalTopic, STORED_FIELDS, type StoredField } from '../../../shared/contracts/fields.ts';
import { type Money, sameMoney } from '../../../shared/contracts/values.ts';
import { type AcceptedEvent, isRejected, type PreparedEvent } from '../../../shared/ingest/prepare.ts';
import { comparePositions, comparePrecedence, losingVerdict } from '../../../shared/precedence/precedence.ts';

export type Verdict = 'applied' | 'stale' | 'duplicate' | 'conflict' | 'dead_lettered' | 'ignored';

/** A field in which an event differs from the one that it was held against; values as text. */
export interface FieldDifference {
  readonly field: string;
  readonly was: string | null;
  readonly is: string | null;
}

/** What became of one event, against those that the broker had before it. */
export interface JudgedEvent {
  readonly partition: number;
  readonly sequenceNumber: number;
  /** Microseconds since 1970. */
  readonly enqueuedAt: number;
  readonly verdict: Verdict;
  /** Reason and detail of a dead letter. */
  readonly detail: string | null;
  /** The event that it was held against, by its place in the list, from 1; `null` for the first. */
  readonly against: number | null;
  readonly differs: readonly FieldDifference[];
  /** The event of highest precedence: what the row holds, if the broker still holds all of them. */
  readonly isHighest: boolean;
}

/**
 * The verdict on each event of a key, as it comes after those that the broker had before it (SPEC 3, 4): the same rules by which
 * batches are compacted and rows are merged, so in any order of delivery the row ends with the same event.
 *
 * @param events of one key, in any order; user ids as they are stored.
 * @param hide whether the value of a field is left out.
 */
export function judge<T extends LogicalTopic>(
  { logicalTopic, versionFirst }: { readonly logicalTopic: T; readonly versionFirst: boolean },
  events: readonly PreparedEvent<T>[],
  hide: (field: string) => boolean,
): JudgedEvent[] {
  const inOrder = [...events].sort((a, b) => comparePositions(a.event, b.event));
  let holder: AcceptedEvent<T> | undefined;
  let against: number | null = null;
  const judged = inOrder.map((prepared, index): JudgedEvent => {
    const { partition, sequenceNumber, enqueuedAt } = prepared.event;
    const place = { partition, sequenceNumber, enqueuedAt, isHighest: false };
    if (!prepared.accepted) {
      const rejection = isRejected(prepared) ? prepared.rejection : undefined;
      const detail = rejection === undefined ? null : `${rejection.reason}: ${rejection.detail}`;
      return {
        ...place,
        verdict: rejection === undefined ? 'ignored' : 'dead_lettered',
        detail,
        against: null,
        differs: [],
      };
    }
    const before = holder;
    const outranks = before === undefined || comparePrecedence(prepared, before, versionFirst) > 0;
    const one: JudgedEvent = {
      ...place,
      verdict: before === undefined ? 'applied' : verdictOf(logicalTopic, prepared, before, outranks),
      detail: null,
      against,
      differs: before === undefined ? [] : differences(logicalTopic, before, prepared, hide),
    };
    if (outranks) {
      holder = prepared;
      against = index + 1;
    }
    return one;
  });
  return judged.map((one, index) => ({ ...one, isHighest: index + 1 === against }));
}

/** An event that outranks the other at the same revision repeats its content or conflicts with it; else it is applied. */
function verdictOf<T extends LogicalTopic>(
  topic: T,
  event: AcceptedEvent<T>,
  holder: AcceptedEvent<T>,
  outranks: boolean,
): Verdict {
  const verdict = losingVerdict(topic, event, holder);
  return outranks && verdict === 'stale' ? 'applied' : verdict;
}

function differences<T extends LogicalTopic>(
  topic: T,
  before: AcceptedEvent<T>,
  event: AcceptedEvent<T>,
  hide: (field: string) => boolean,
): FieldDifference[] {
  const [held, own] = [before.record, event.record] as unknown as readonly [Values, Values];
  return STORED_FIELDS[topic].flatMap((field) => {
    const [was, is] = [held[field.member], own[field.member]];
    const same = field.kind === 'money' ? sameMoney(was as Money | null, is as Money | null) : was === is;
    if (same) return [];
    const text = (value: unknown) => (hide(field.name) && value !== null ? '(hidden)' : textOf(field, value));
    return [{ field: field.name, was: text(was), is: text(is) }];
  });
}

type Values = Readonly<Record<string, unknown>>;

function textOf({ kind }: StoredField, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return kind === 'timestamp' ? timeText(value as number) : String(value);
}

/** Microseconds since 1970 as people read them: UTC, with all digits that are not 0. */
export function timeText(micros: number): string {
  const text = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19).replace('T', ' ');
  const fraction = String(((micros % 1_000_000) + 1_000_000) % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${text}${fraction === '' ? '' : `.${fraction}`}Z`;
}
