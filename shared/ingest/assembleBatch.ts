import type { LogicalTopic } from '../contracts/fields.ts';
import type { Contract } from '../contracts/profile.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { PairingRule } from '../pairing/rule.ts';
import type { Compaction, Loser } from '../precedence/compact.ts';
import type { Privacy } from '../privacy/privacy.ts';
import {
  type BatchHeader,
  DELIVERY_FLAGS,
  type DeadLetter,
  type Delivery,
  type DeliveryCounts,
} from '../store/batchParameters.ts';
import type { BatchParameters } from '../store/ingestBatch.ts';
import { type AcceptedEvent, BUSINESS_TIME, type PreparedEvent } from './prepare.ts';

interface AssemblyRules<T extends LogicalTopic> {
  readonly contract: Contract & { readonly logicalTopic: T };
  readonly pairing: PairingRule;
  readonly privacy: Privacy;
}

/** Puts together what the database is sent for a batch. The batch has at least one event. */
export function assembleBatch<T extends LogicalTopic>(
  { contract, pairing, privacy }: AssemblyRules<T>,
  events: readonly PreparedEvent<T>[],
  compaction: Compaction<T, AcceptedEvent<T>>,
): BatchParameters<T> {
  const delivered = deliveries(events, compaction);
  return {
    logicalTopic: contract.logicalTopic,
    header: header(contract, pairing, events, countDeliveries(delivered)),
    rows: compaction.winners,
    deliveries: delivered,
    deadLetters: deadLetters(contract.topic, privacy, events),
  };
}

function header<T extends LogicalTopic>(
  contract: Contract & { readonly logicalTopic: T },
  pairing: PairingRule,
  events: readonly PreparedEvent<T>[],
  counts: DeliveryCounts,
): BatchHeader {
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
    versionFirst: contract.versionFirst,
    firstNumber,
    lastNumber,
    contiguous,
    earliestEnqueuedAt,
    latestEnqueuedAt,
    eventWatermark,
    publishWatermark,
    pairing,
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

function deliveries<T extends LogicalTopic>(
  events: readonly PreparedEvent<T>[],
  { winners, losers }: Compaction<T, AcceptedEvent<T>>,
): Delivery[] {
  const rowNumbers = new Map(winners.map((winner, index) => [winner, index + 1]));
  const lost = new Map<PreparedEvent<T>, Loser<AcceptedEvent<T>>>(
    losers.map((loser) => [loser.event, loser]),
  );
  return events.map((prepared): Delivery => {
    const { sequenceNumber, enqueuedAt } = prepared.event;
    const { flags } = prepared;
    if (!prepared.accepted) {
      return { sequenceNumber, enqueuedAt, rowNumber: 0, verdict: 'dead_letter', flags };
    }
    const loser = lost.get(prepared);
    if (loser === undefined) {
      return { sequenceNumber, enqueuedAt, rowNumber: rowNumbers.get(prepared)!, verdict: 'winner', flags };
    }
    return {
      sequenceNumber,
      enqueuedAt,
      rowNumber: rowNumbers.get(loser.winner)!,
      verdict: loser.verdict,
      flags: loser.mixesAxes ? flags | DELIVERY_FLAGS.mixedAxes : flags,
    };
  });
}

function countDeliveries(delivered: readonly Delivery[]): DeliveryCounts {
  const verdicts = { winner: 0, stale: 0, duplicate: 0, conflict: 0, dead_letter: 0 };
  const flagNames = Object.keys(DELIVERY_FLAGS) as (keyof typeof DELIVERY_FLAGS)[];
  const flags = Object.fromEntries(flagNames.map((name) => [name, 0])) as Record<
    keyof typeof DELIVERY_FLAGS,
    number
  >;
  for (const delivery of delivered) {
    verdicts[delivery.verdict]++;
    if (delivery.flags === 0) continue;
    for (const name of flagNames) if ((delivery.flags & DELIVERY_FLAGS[name]) !== 0) flags[name]++;
  }
  const { stale, duplicate, conflict, dead_letter: deadLetters } = verdicts;
  return { stale, duplicate, conflict, deadLetters, ...flags };
}

function deadLetters(
  topic: string,
  privacy: Privacy,
  events: readonly PreparedEvent<LogicalTopic>[],
): DeadLetter[] {
  return events.flatMap((prepared, index) =>
    prepared.accepted
      ? []
      : {
          deliveryNumber: index + 1,
          offset: prepared.event.offset,
          key: prepared.event.key,
          payload: privacy.seal(prepared.event.body, { topic, ...prepared.event }),
          reason: prepared.rejection.reason,
          detail: prepared.rejection.detail,
          correlationId: prepared.event.correlationId,
        },
  );
}
