import { DELIVERY_FLAGS } from '../contracts/deliveryFlags.ts';
import type { LogicalTopic } from '../contracts/fields.ts';
import type { Contract } from '../contracts/profile.ts';
import { BUSINESS_TIME } from '../contracts/records.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { Compaction, Loser } from '../precedence/compact.ts';
import type { Privacy } from '../privacy/privacy.ts';
import type { BatchAccounting, DeadLetter, Delivery, DeliveryCounts } from '../store/batchParameters.ts';
import type { BatchParameters } from '../store/ingestBatch.ts';
import { type AcceptedEvent, isRejected, type PreparedEvent } from './prepare.ts';

interface AssemblyRules<T extends LogicalTopic> {
  readonly contract: Contract & { readonly logicalTopic: T };
  readonly privacy: Privacy;
}

/** Puts together what the database is sent for a batch. The batch has at least one event. */
export function assembleBatch<T extends LogicalTopic>(
  { contract, privacy }: AssemblyRules<T>,
  events: readonly PreparedEvent<T>[],
  compaction: Compaction<T, AcceptedEvent<T>>,
): BatchParameters<T> {
  const others = otherDeliveries(events, compaction);
  return {
    logicalTopic: contract.logicalTopic,
    versionFirst: contract.versionFirst,
    accounting: accounting(contract, events, countDeliveries(compaction.winners, others)),
    rows: compaction.winners,
    others,
    deadLetters: deadLetters(contract.topic, privacy, events, others),
  };
}

function accounting<T extends LogicalTopic>(
  contract: Contract & { readonly logicalTopic: T },
  events: readonly PreparedEvent<T>[],
  counts: DeliveryCounts,
): BatchAccounting {
  const first = events[0]!.event;
  let firstNumber = first.sequenceNumber;
  let lastNumber = first.sequenceNumber;
  let earliestEnqueuedAt = first.enqueuedAt;
  let latestEnqueuedAt = first.enqueuedAt;
  let contiguous = true;
  let eventWatermark: Microseconds | null = null;
  let publishWatermark: Microseconds | null = null;
  const businessTime = BUSINESS_TIME[contract.logicalTopic];
  for (let index = 0; index < events.length; index++) {
    const prepared = events[index]!;
    const { sequenceNumber, enqueuedAt } = prepared.event;
    contiguous &&= sequenceNumber === first.sequenceNumber + index;
    firstNumber = Math.min(firstNumber, sequenceNumber);
    lastNumber = Math.max(lastNumber, sequenceNumber);
    earliestEnqueuedAt = Math.min(earliestEnqueuedAt, enqueuedAt);
    latestEnqueuedAt = Math.max(latestEnqueuedAt, enqueuedAt);
    if (!prepared.accepted) continue;
    eventWatermark = later(eventWatermark, businessTime(prepared.record), enqueuedAt);
    publishWatermark = later(publishWatermark, prepared.record.occurredAt, enqueuedAt);
  }
  return {
    topic: contract.topic,
    partition: first.partition,
    profileId: contract.profileId,
    firstNumber,
    lastNumber,
    contiguous,
    earliestEnqueuedAt,
    latestEnqueuedAt,
    eventWatermark,
    publishWatermark,
    counts,
  };
}

/** A watermark never takes a time later than the enqueue time: one wrong clock must not hide a stall (SPEC 2.2). */
function later(
  watermark: Microseconds | null,
  time: Microseconds | null,
  enqueuedAt: Microseconds,
): Microseconds | null {
  if (time === null) return watermark;
  const capped = Math.min(time, enqueuedAt);
  return watermark === null || capped > watermark ? capped : watermark;
}

/** Those that are not their row's winner, in the order in which they were received: nearly always none. */
function otherDeliveries<T extends LogicalTopic>(
  events: readonly PreparedEvent<T>[],
  { winners, losers }: Compaction<T, AcceptedEvent<T>>,
): Delivery[] {
  if (winners.length === events.length) return [];
  const rowNumbers = new Map(winners.map((winner, index) => [winner, index + 1]));
  const lost = new Map<PreparedEvent<T>, Loser<AcceptedEvent<T>>>(
    losers.map((loser) => [loser.event, loser]),
  );
  return events.flatMap((prepared): Delivery | [] => {
    const { sequenceNumber, enqueuedAt } = prepared.event;
    const { flags } = prepared;
    if (!prepared.accepted) {
      const verdict = prepared.rejection === undefined ? 'ignored' : 'dead_letter';
      return { sequenceNumber, enqueuedAt, rowNumber: 0, verdict, flags };
    }
    const loser = lost.get(prepared);
    if (loser === undefined) return [];
    return {
      sequenceNumber,
      enqueuedAt,
      rowNumber: rowNumbers.get(loser.winner)!,
      verdict: loser.verdict,
      flags:
        flags |
        (loser.mixesAxes ? DELIVERY_FLAGS.mixedAxes : 0) |
        (loser.invertsAxis ? DELIVERY_FLAGS.axisInversion : 0),
    };
  });
}

const FLAG_NAMES = Object.keys(DELIVERY_FLAGS) as (keyof typeof DELIVERY_FLAGS)[];

function countDeliveries(
  winners: readonly { readonly flags: number }[],
  others: readonly Delivery[],
): DeliveryCounts {
  const verdicts = { stale: 0, duplicate: 0, conflict: 0, dead_letter: 0, ignored: 0 };
  for (const { verdict } of others) verdicts[verdict]++;
  const flags = Object.fromEntries(FLAG_NAMES.map((name) => [name, 0])) as Record<
    keyof typeof DELIVERY_FLAGS,
    number
  >;
  const count = (delivery: { readonly flags: number }) => {
    if (delivery.flags === 0) return;
    for (const name of FLAG_NAMES) if ((delivery.flags & DELIVERY_FLAGS[name]) !== 0) flags[name]++;
  };
  winners.forEach(count);
  others.forEach(count);
  const { dead_letter: deadLetters, ...rest } = verdicts;
  return { ...rest, deadLetters, ...flags };
}

function deadLetters(
  topic: string,
  privacy: Privacy,
  events: readonly PreparedEvent<LogicalTopic>[],
  others: readonly Delivery[],
): DeadLetter[] {
  const rejected = events.filter(isRejected);
  const numbers = others.flatMap(({ verdict }, index) => (verdict === 'dead_letter' ? index + 1 : []));
  return rejected.map(({ event, rejection }, index) => ({
    deliveryNumber: numbers[index]!,
    offset: event.offset,
    key: event.key,
    payload: privacy.seal(event.body, { topic, ...event }),
    reason: rejection.reason,
    detail: rejection.detail,
    correlationId: event.correlationId,
    schemaId: event.schemaId ?? null,
  }));
}
