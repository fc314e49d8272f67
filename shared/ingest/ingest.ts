import type pg from 'pg';
import type { LogicalTopic } from '../contracts/fields.ts';
import { type RejectionReason, reject } from '../contracts/rejection.ts';
import { compact } from '../precedence/compact.ts';
import { type BatchCounts, ingestBatch } from '../store/ingestBatch.ts';
import { failureKind, sqlState } from '../store/sqlstates.ts';
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
}

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
}

/** How often a batch is sent again at once when another transaction was in its way. */
const CONTENTION_ATTEMPTS = 10;

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
  const parts: Part[] = [];
  for (const run of splitWhereNumbersRestart(events)) {
    parts.push(
      await write(
        rules,
        run.map((event) => prepareEvent(rules, event)),
      ),
    );
  }
  return addUp(events.length, parts);
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
  rules: IngestRules<T>,
  events: readonly PreparedEvent<T>[],
): Promise<Part> {
  try {
    return { counts: await store(rules, events, rules.database), events };
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    const refused = await findRefused(rules, events);
    // Refused together and not alone: that is nobody's own fault.
    if (refused.size === 0) throw error;
    return write(
      rules,
      events.map((event) => refused.get(event) ?? event),
    );
  }
}

/** The events that the database refuses, each with what it becomes. Writes nothing. */
async function findRefused<T extends LogicalTopic>(
  rules: IngestRules<T>,
  events: readonly PreparedEvent<T>[],
): Promise<Map<PreparedEvent<T>, RejectedEvent>> {
  const client = await rules.database.connect();
  // A connection that is lost fails its statement. Nobody else hears it while it is ours: unheard, it would end the process.
  const heard = () => {};
  client.on('error', heard);
  const refused = new Map<PreparedEvent<T>, RejectedEvent>();
  const search = async (part: readonly PreparedEvent<T>[]): Promise<void> => {
    const error = await tryOut(rules, part, client);
    if (error === undefined) return;
    const [event] = part;
    if (part.length > 1) {
      const middle = Math.ceil(part.length / 2);
      await search(part.slice(0, middle));
      await search(part.slice(middle));
    } else if (event?.accepted) {
      // The server's message may quote the row: only its code is repeated.
      const rejection = reject('rejected_by_database', `SQLSTATE ${sqlState(error)}`);
      refused.set(event, rejectedEvent(event.event, rejection, event.flags));
    }
  };
  try {
    await search(events);
    client.release();
    return refused;
  } catch (error) {
    // Whatever state the connection is in, it is not used again.
    client.release(true);
    throw error;
  } finally {
    client.off('error', heard);
  }
}

/** The data failure that these events cause, if any, in a transaction that is rolled back. */
async function tryOut<T extends LogicalTopic>(
  rules: IngestRules<T>,
  events: readonly PreparedEvent<T>[],
  client: pg.ClientBase,
): Promise<unknown> {
  await client.query('BEGIN');
  try {
    await store(rules, events, client);
    return undefined;
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    return error;
  } finally {
    await client.query('ROLLBACK');
  }
}

/** One transaction; sent again at once where others are in its way, unless it is part of a larger one. */
async function store<T extends LogicalTopic>(
  { contract, pairing, database }: IngestRules<T>,
  events: readonly PreparedEvent<T>[],
  target: pg.Pool | pg.ClientBase,
): Promise<BatchCounts> {
  const accepted = events.filter((event) => event.accepted);
  const compaction = compact(contract.logicalTopic, accepted, contract.versionFirst);
  const batch = assembleBatch(contract, pairing, events, compaction);
  const attempts = target === database ? CONTENTION_ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      return await ingestBatch(target, batch);
    } catch (error) {
      if (attempt === attempts || failureKind(error) !== 'contention') throw error;
    }
  }
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
  };
}
