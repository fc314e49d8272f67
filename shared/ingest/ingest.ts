import type { LogicalTopic } from '../contracts/fields.ts';
import { type RejectionReason, reject } from '../contracts/rejection.ts';
import { compact } from '../precedence/compact.ts';
import type { Database } from '../store/database.ts';
import { type BatchCounts, ingestBatch } from '../store/ingestBatch.ts';
import { failureKind, sqlState } from '../store/sqlstates.ts';
import { assembleBatch } from './assembleBatch.ts';
import type { BrokerEvent } from './brokerEvent.ts';
import { type PreparationRules, type PreparedEvent, prepareEvent, rejectedEvent } from './prepare.ts';

export interface IngestRules<T extends LogicalTopic> extends PreparationRules<T> {
  readonly database: Database;
}

/** What became of a batch: `received` is the sum of the outcomes (SPEC 4). */
export interface IngestResult {
  readonly received: number;
  readonly outcomes: Record<'applied' | 'stale' | 'duplicate' | 'conflict' | 'dead_lettered', number>;
  readonly deadLetters: Partial<Record<RejectionReason, number>>;
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
 * One transaction for all of it, as long as the database takes every row. Where it refuses one that passed the
 * contract, the batch is halved until the guilty event stands alone, and that one becomes a dead letter.
 *
 * @throws where the infrastructure failed: nothing of the failed part was written, and the whole batch has to be
 * delivered again.
 */
export async function ingest<T extends LogicalTopic>(
  rules: IngestRules<T>,
  events: readonly BrokerEvent[],
): Promise<IngestResult> {
  const parts: Part[] = [];
  for (const run of splitWhereNumbersRestart(events)) {
    await writeIsolating(
      rules,
      run.map((event) => prepareEvent(rules, event)),
      parts,
    );
  }
  return addUp(events.length, parts);
}

interface Part {
  readonly counts: BatchCounts;
  readonly events: readonly PreparedEvent<LogicalTopic>[];
}

/**
 * A batch that holds the end of one hub and the start of its successor is two batches: within one hub, a lower
 * number never has a later enqueue time.
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

/** Writes the events in one transaction, or, where one of them is refused, in halves. */
async function writeIsolating<T extends LogicalTopic>(
  rules: IngestRules<T>,
  events: readonly PreparedEvent<T>[],
  parts: Part[],
): Promise<void> {
  try {
    parts.push({ counts: await write(rules, events), events });
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    if (events.length > 1) {
      const middle = Math.ceil(events.length / 2);
      await writeIsolating(rules, events.slice(0, middle), parts);
      await writeIsolating(rules, events.slice(middle), parts);
      return;
    }
    const [guilty] = events;
    // A dead letter that is refused itself is nobody's data any more.
    if (guilty === undefined || !guilty.accepted) throw error;
    // The server's message may quote the row: only its code is repeated.
    const rejection = reject('rejected_by_database', `SQLSTATE ${sqlState(error)}`);
    await writeIsolating(rules, [rejectedEvent(guilty.event, rejection)], parts);
  }
}

async function write<T extends LogicalTopic>(
  rules: IngestRules<T>,
  events: readonly PreparedEvent<T>[],
): Promise<BatchCounts> {
  const { contract, database, pairing } = rules;
  const accepted = events.filter((event) => event.accepted);
  const compaction = compact(contract.logicalTopic, accepted, contract.versionFirst);
  const batch = assembleBatch(contract, pairing, events, compaction);
  for (let attempt = 1; ; attempt++) {
    try {
      return await ingestBatch(database, batch);
    } catch (error) {
      if (attempt === CONTENTION_ATTEMPTS || failureKind(error) !== 'contention') throw error;
    }
  }
}

function addUp(received: number, parts: readonly Part[]): IngestResult {
  const sum = (count: (counts: BatchCounts) => number) =>
    parts.reduce((total, part) => total + count(part.counts), 0);
  const deadLetters: Partial<Record<RejectionReason, number>> = {};
  for (const event of parts.flatMap((part) => part.events)) {
    if (event.accepted) continue;
    const { reason } = event.rejection;
    deadLetters[reason] = (deadLetters[reason] ?? 0) + 1;
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
    redelivered: sum((counts) => counts.redelivered),
    pairsReopened: sum((counts) => counts.reopened),
    epochsStarted: parts.flatMap(({ counts }) =>
      counts.epoch_started === null ? [] : [counts.epoch_started],
    ),
  };
}
