import type pg from 'pg';
import type { LogicalTopic } from '../contracts/fields.ts';
import { type RejectionReason, reject } from '../contracts/rejection.ts';
import { compact } from '../precedence/compact.ts';
import type { Privacy, PrivacySource } from '../privacy/privacy.ts';
import { protectRecord } from '../privacy/protectRecord.ts';
import { findRefused } from '../store/findRefused.ts';
import { type BatchCounts, ingestBatch } from '../store/ingestBatch.ts';
import { retryContention } from '../store/retryContention.ts';
import { failureKind } from '../store/sqlstates.ts';
import { assembleBatch } from './assembleBatch.ts';
import type { BrokerEvent } from './brokerEvent.ts';
import {
  type PreparationRules,
  type PreparedEvent,
  prepareEvent,
  type RejectedEvent,
  rejectedEvent,
} from './prepare.ts';

export interface IngestRules<T extends LogicalTopic> extends PreparationRules<T> {
  readonly database: pg.Pool;
  readonly privacy: PrivacySource;
}

/** With the keys at hand. */
type ReadyRules<T extends LogicalTopic> = Omit<IngestRules<T>, 'privacy'> & { readonly privacy: Privacy };

/** What became of a batch: `received` is the sum of the outcomes (SPEC 4). */
export interface IngestResult {
  readonly received: number;
  readonly outcomes: Record<'applied' | 'stale' | 'duplicate' | 'conflict' | 'dead_lettered', number>;
  readonly deadLetters: Partial<Record<RejectionReason, number>>;
  /** The events behind `deadLetters`: they hold payloads, so they must not reach a log. */
  readonly rejected: readonly RejectedEvent[];
  readonly redelivered: number;
  readonly pairsReopened: number;
  /** Epochs that began with this batch: the hub was recreated. */
  readonly epochsStarted: readonly number[];
  /** PostgreSQL's numbers of the transactions that stored the batch: one, unless the hub was recreated within it. */
  readonly transactionIds: readonly string[];
}

/**
 * Ingests the events of one partition of one topic: every event ends in exactly one outcome, and whatever the
 * order, repetition or batching, the tables end up the same.
 *
 * One transaction for all of it. Where the database refuses a row that passed the contract, the guilty events are
 * looked for by halving, in transactions that are rolled back, and become dead letters; then all of it is written.
 *
 * @throws where the infrastructure failed: nothing was written, and the whole batch has to be delivered again.
 */
export async function ingest<T extends LogicalTopic>(
  rules: IngestRules<T>,
  events: readonly BrokerEvent[],
): Promise<IngestResult> {
  const ready = { ...rules, privacy: await rules.privacy.ready() };
  const parts: Part[] = [];
  for (const run of splitWhereNumbersRestart(events)) {
    parts.push(
      await write(
        ready,
        run.map((event) => prepare(ready, event)),
      ),
    );
  }
  return addUp(events.length, parts);
}

function prepare<T extends LogicalTopic>(rules: ReadyRules<T>, event: BrokerEvent): PreparedEvent<T> {
  const prepared = prepareEvent(rules, event);
  if (!prepared.accepted) return prepared;
  return protectRecord(rules.contract.logicalTopic, rules.privacy, prepared);
}

interface Part {
  readonly counts: BatchCounts;
  readonly events: readonly PreparedEvent<LogicalTopic>[];
}

/**
 * A batch that holds the end of one hub and the start of its successor is two batches, each with a transaction of
 * its own: their numbers are counted in different epochs.
 */
function splitWhereNumbersRestart(events: readonly BrokerEvent[]): (readonly BrokerEvent[])[] {
  const runs: (readonly BrokerEvent[])[] = [];
  let start = 0;
  for (let index = 1; index <= events.length; index++) {
    const previous = events[index - 1]!;
    const event = events[index];
    if (
      event === undefined ||
      (event.sequenceNumber <= previous.sequenceNumber && event.enqueuedAt > previous.enqueuedAt)
    ) {
      runs.push(events.slice(start, index));
      start = index;
    }
  }
  return runs;
}

/** Writes the events in one transaction, those that the database refuses as dead letters. */
async function write<T extends LogicalTopic>(
  rules: ReadyRules<T>,
  events: readonly PreparedEvent<T>[],
): Promise<Part> {
  const { database } = rules;
  try {
    return { counts: await retryContention(() => store(rules, events, database)), events };
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    const refused = await findRefused(database, events, (part, client) => store(rules, part, client));
    // Refused together and not alone, or a dead letter: that is nobody's own fault.
    if (!events.some((event) => event.accepted && refused.has(event))) throw error;
    return write(
      rules,
      events.map((event) => {
        const state = event.accepted ? refused.get(event) : undefined;
        if (state === undefined) return event;
        return rejectedEvent(event.event, reject('rejected_by_database', `SQLSTATE ${state}`), event.flags);
      }),
    );
  }
}

/** One transaction, unless it is part of a larger one. */
async function store<T extends LogicalTopic>(
  { contract, privacy }: ReadyRules<T>,
  events: readonly PreparedEvent<T>[],
  target: pg.Pool | pg.ClientBase,
): Promise<BatchCounts> {
  const accepted = events.filter((event) => event.accepted);
  const compaction = compact(contract.logicalTopic, accepted, contract.versionFirst);
  return ingestBatch(target, assembleBatch({ contract, privacy }, events, compaction));
}

function addUp(received: number, parts: readonly Part[]): IngestResult {
  const sum = (count: (counts: BatchCounts) => number) =>
    parts.reduce((total, part) => total + count(part.counts), 0);
  const rejected = parts.flatMap((part) => part.events.filter((event) => !event.accepted));
  const deadLetters: Partial<Record<RejectionReason, number>> = {};
  for (const { rejection } of rejected) {
    deadLetters[rejection.reason] = (deadLetters[rejection.reason] ?? 0) + 1;
  }
  return {
    received,
    outcomes: {
      applied: sum((counts) => counts.applied),
      stale: sum((counts) => counts.stale),
      duplicate: sum((counts) => counts.duplicate),
      conflict: sum((counts) => counts.conflict),
      dead_lettered: sum((counts) => counts.dead_lettered),
    },
    deadLetters,
    rejected,
    redelivered: sum((counts) => counts.redelivered),
    pairsReopened: sum((counts) => counts.reopened),
    epochsStarted: parts.flatMap(({ counts }) =>
      counts.epoch_started === null ? [] : [counts.epoch_started],
    ),
    transactionIds: parts.map(({ counts }) => counts.transaction_id),
  };
}
