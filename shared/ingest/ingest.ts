import type pg from 'pg';
import { type KnownSchemas, schemaIdOf } from '../contracts/avro.ts';
import type { LogicalTopic } from '../contracts/fields.ts';
import { type RejectionReason, reject } from '../contracts/rejection.ts';
import { compact } from '../precedence/compact.ts';
import type { Privacy, PrivacySource } from '../privacy/privacy.ts';
import { protectRecord } from '../privacy/protectRecord.ts';
import type { SchemaSource } from '../schemas/schemaSource.ts';
import { findRefused, type Refusal, storeBesideRefused } from '../store/findRefused.ts';
import { type BatchCounts, ingestBatch } from '../store/ingestBatch.ts';
import { parkedEvents } from '../store/parkedEvents.ts';
import { retryContention } from '../store/retryContention.ts';
import { failureKind } from '../store/sqlstates.ts';
import { assembleBatch } from './assembleBatch.ts';
import type { BrokerEvent } from './brokerEvent.ts';
import {
  isRejected,
  type PreparationRules,
  type PreparedEvent,
  prepareEvent,
  type RejectedEvent,
  rejectedEvent,
} from './prepare.ts';
import type { Refusals } from './refusals.ts';

export interface IngestRules<T extends LogicalTopic> extends PreparationRules<T> {
  readonly database: pg.Pool;
  readonly privacy: PrivacySource;
  readonly schemas: SchemaSource;
  /** Holds batches back that the database refuses for no fault of theirs; without it, every refused event is a dead letter. */
  readonly refusals?: Refusals;
}

/** With the keys at hand. */
type ReadyRules<T extends LogicalTopic> = Omit<IngestRules<T>, 'privacy'> & { readonly privacy: Privacy };

/** What became of a batch: `received` is the sum of the outcomes (SPEC 4). */
export interface IngestResult {
  readonly received: number;
  readonly outcomes: Record<
    'applied' | 'stale' | 'duplicate' | 'conflict' | 'dead_lettered' | 'ignored',
    number
  >;
  readonly deadLetters: Partial<Record<RejectionReason, number>>;
  /** The events behind `deadLetters`: they hold payloads, so they must not reach a log. */
  readonly rejected: readonly RejectedEvent[];
  readonly redelivered: number;
  readonly pairsReopened: number;
  /** Epochs that began with this batch: the hub was recreated. */
  readonly epochsStarted: readonly number[];
  /** PostgreSQL's numbers of the transactions that stored the batch, in order. */
  readonly transactionIds: readonly string[];
}

/**
 * Ingests the events of one partition of one topic: every event ends in exactly one outcome, and whatever the
 * order, repetition or batching, the tables end up the same.
 *
 * One transaction for all of it, if its bodies are a few megabytes at most. Where the database refuses a row that passed the
 * contract, the guilty events are looked for by halving, in transactions that are rolled back, and become dead letters; then
 * all of it is written. Events that are refused only together are written one by one.
 *
 * @throws where the infrastructure failed, or the database refuses most rows for one reason: the whole batch has to be
 * delivered again. What was written of it changes nothing then.
 */
export async function ingest<T extends LogicalTopic>(
  rules: IngestRules<T>,
  events: readonly BrokerEvent[],
): Promise<IngestResult> {
  const ready = { ...rules, privacy: await rules.privacy.ready() };
  const schemas = await schemasOf(rules, events);
  const parts: Part[] = [];
  for (const run of splitIntoTransactions(events)) {
    parts.push(
      ...(await write(
        ready,
        run.map((event) => prepare(ready, event, schemas)),
      )),
    );
  }
  return addUp(events.length, parts);
}

/**
 * The schemas that the events were written by, where the topic is in Avro.
 * @throws SchemaRegistryError where a registry is away: it is no fault of the events.
 */
export async function schemasOf<T extends LogicalTopic>(
  { contract, schemas }: Pick<IngestRules<T>, 'contract' | 'schemas'>,
  events: readonly BrokerEvent[],
): Promise<KnownSchemas | undefined> {
  if (contract.encoding !== 'avro') return undefined;
  return schemas.read(new Set(events.map(schemaIdOf).filter((id) => id !== undefined)));
}

function prepare<T extends LogicalTopic>(
  rules: ReadyRules<T>,
  event: BrokerEvent,
  schemas: KnownSchemas | undefined,
): PreparedEvent<T> {
  const prepared = prepareEvent(rules, event, schemas);
  if (!prepared.accepted) return prepared;
  return protectRecord(rules.contract.logicalTopic, rules.privacy, prepared);
}

interface Part {
  readonly counts: BatchCounts;
  readonly events: readonly PreparedEvent<LogicalTopic>[];
}

/** Bytes of the bodies of one transaction: its parameters and its memory, here and in PostgreSQL, are a few times as large. */
const TRANSACTION_BYTES = 4 * 1024 * 1024;

/**
 * Runs of events that are written in a transaction each. Their bodies fit into it; a larger one is alone. The end of one hub
 * and the start of its successor are apart: their numbers are counted in different epochs.
 */
function splitIntoTransactions(events: readonly BrokerEvent[]): (readonly BrokerEvent[])[] {
  const runs: (readonly BrokerEvent[])[] = [];
  let start = 0;
  let bytes = 0;
  for (const [index, event] of events.entries()) {
    const size = event.body.length;
    if (index > start && (bytes + size > TRANSACTION_BYTES || numbersRestart(events[index - 1]!, event))) {
      runs.push(events.slice(start, index));
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (events.length > 0) runs.push(events.slice(start));
  return runs;
}

function numbersRestart(previous: BrokerEvent, event: BrokerEvent): boolean {
  return event.sequenceNumber <= previous.sequenceNumber && event.enqueuedAt > previous.enqueuedAt;
}

/** Writes the events in one transaction, those that the database refuses as dead letters. */
async function write<T extends LogicalTopic>(
  rules: ReadyRules<T>,
  events: readonly PreparedEvent<T>[],
  guiltySoFar: readonly PreparedEvent<T>[] = [],
): Promise<Part[]> {
  const { contract, database, refusals } = rules;
  const accepted = events.filter((event) => event.accepted);
  try {
    const counts = await retryContention(() =>
      guiltySoFar.length === 0
        ? store(rules, events, database)
        : storeBesideRefused(
            database,
            contract.logicalTopic,
            guiltySoFar,
            (event, client) => store(rules, [event], client),
            (client) => store(rules, events, client),
          ),
    );
    if (accepted.length > 0) refusals?.stored();
    return [{ counts, events }];
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    // Dead letters already: they say nothing of those that come now.
    const parked = new Set(
      refusals &&
        (await parkedEvents(
          database,
          contract.topic,
          accepted.map(({ event }) => event),
        )),
    );
    const rows = accepted.length - parked.size;
    const judged = (found: ReadonlyMap<PreparedEvent<T>, Refusal>) =>
      [...found]
        .filter(([{ accepted, event }]) => accepted && !parked.has(event))
        .map(([{ event }, refusal]) => ({ event, refusal }));
    const refused = await findRefused(
      database,
      events,
      (part, client) => store(rules, part, client),
      (found) => refusals?.areMost(judged(found), rows) ?? false,
    );
    refusals?.judge(judged(refused), rows);
    const guilty = new Map([...refused].filter(([event]) => event.accepted));
    if (guilty.size > 0) {
      return write(rules, deadLettersFor(guilty, events), [...guiltySoFar, ...guilty.keys()]);
    }
    // A dead letter that can't be stored is nobody's fault.
    if (events.length === 1) throw error;
    return writeOneByOne(rules, events);
  }
}

/** Each in a transaction of its own, in order: of those that are refused only together, the one that comes later is guilty. */
async function writeOneByOne<T extends LogicalTopic>(
  { refusals: _, ...rules }: ReadyRules<T>,
  events: readonly PreparedEvent<T>[],
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const event of events) parts.push(...(await write(rules, [event])));
  return parts;
}

function deadLettersFor<T extends LogicalTopic>(
  refused: ReadonlyMap<PreparedEvent<T>, Refusal>,
  events: readonly PreparedEvent<T>[],
): PreparedEvent<T>[] {
  return events.map((event) => {
    const refusal = refused.get(event);
    if (refusal === undefined) return event;
    const rejection = reject('rejected_by_database', `SQLSTATE ${refusal.state}`);
    return rejectedEvent(event.event, rejection, event.flags);
  });
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
  const rejected = parts.flatMap((part) => part.events.filter(isRejected));
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
      ignored: sum((counts) => counts.ignored),
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
