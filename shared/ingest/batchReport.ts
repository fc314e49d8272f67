import { foundIn } from '../contracts/found.ts';
import type { BrokerEvent } from './brokerEvent.ts';
import { correlationIds } from './correlationIds.ts';
import type { IngestResult } from './ingest.ts';
import type { RejectedEvent } from './prepare.ts';

/** What is told of a batch: its log line, and what telemetry records of it. */
export interface BatchReport {
  readonly line: object;
  readonly measured: {
    readonly topic: string;
    readonly partition: number;
    /** Sequence number of the first event. */
    readonly first: number;
    readonly events: readonly BrokerEvent[];
    /** Milliseconds since 1970. */
    readonly startedAt: number;
    readonly seconds: number;
    /** W3C `traceparent` of the invocation. */
    readonly traceParent: string | undefined;
    readonly transactionIds: readonly string[];
    readonly failure?: string;
  };
}

/**
 * Begins to measure a batch, which has at least one event. Log lines name partition, numbers and correlation ids, never a
 * key or a payload (SPEC 9, 10).
 */
export function measureBatch(
  topic: string,
  events: readonly BrokerEvent[],
  traceParent: string | undefined,
): { ingested(result: IngestResult): BatchReport; failed(reason: string): BatchReport } {
  const { partition, sequenceNumber: first } = events[0]!;
  const place = { topic, partition, first };
  const startedAt = Date.now();
  const before = performance.now();
  const measured = () => ({
    ...place,
    events,
    startedAt,
    seconds: (performance.now() - before) / 1000,
    traceParent,
  });
  return {
    ingested({ rejected, ...result }) {
      const stored = { ...measured(), transactionIds: result.transactionIds };
      const { seconds } = stored;
      const ids = { correlationIds: correlationIds(events, rejected) };
      const forms = rejected.length === 0 ? {} : { found: countForms(rejected) };
      return {
        line: { message: 'batch ingested', ...place, ...result, ...forms, seconds, ...ids },
        measured: stored,
      };
    },
    failed(failure) {
      return {
        line: { message: 'batch failed', ...place, received: events.length, reason: failure },
        measured: { ...measured(), transactionIds: [], failure },
      };
    },
  };
}

/** So many forms of a batch say what there is to know. */
const MOST_FORMS = 5;

/** What arrived instead of records, the most frequent first: `{"a Debezium envelope": 1204}`. */
function countForms(rejected: readonly RejectedEvent[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { rejection } of rejected) {
    const form = foundIn(rejection.detail);
    if (form !== undefined) counts.set(form, (counts.get(form) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_FORMS));
}
