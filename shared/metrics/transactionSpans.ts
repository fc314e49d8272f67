import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { TelemetryClient } from 'applicationinsights';

/** The transaction of a batch, as its invocation saw it. */
export interface TransactionSpan {
  /** W3C `traceparent` of the invocation. */
  readonly traceParent: string | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly seconds: number;
  readonly topic: string;
  readonly partition: number;
  /** Sequence number of the first event. */
  readonly first: number;
  readonly received: number;
  /** PostgreSQL's number of each transaction; none where the batch failed. */
  readonly transactionIds: readonly string[];
  /** Why the batch was not stored. */
  readonly failure?: string;
}

/** Percent. Each batch has a log line with its transaction; a span for each would cost as much again (docs/metrics.md). */
const SAMPLED = 5;
const SLOW_SECONDS = 1;

// The client takes the parent of a span from the active context, and without a manager there is none. Where somebody has
// registered one before, theirs stays and does the same.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/**
 * A span for a batch's transaction, under the request that the host reports for the invocation: `AppDependencies` leads
 * from there to the log of PostgreSQL, and back. Failed and slow ones are all sent, of the others a share that
 * says so in `ItemCount`; metrics do not come from here.
 */
export function trackTransaction(client: TelemetryClient, span: TransactionSpan): void {
  const parent = parentOf(span.traceParent);
  const telling = span.failure !== undefined || span.seconds >= SLOW_SECONDS;
  if (!telling && !isSampled(parent?.traceId)) return;
  const { topic, partition, first, received, transactionIds, failure } = span;
  const under = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  context.with(under, () =>
    client.trackDependency({
      name: `ingest ${topic}`,
      dependencyTypeName: 'postgresql',
      time: new Date(span.startedAt),
      duration: span.seconds * 1000,
      success: failure === undefined,
      properties: {
        topic,
        partition,
        first,
        received,
        ...(transactionIds.length > 0 && { transaction_ids: transactionIds.join(' ') }),
        ...(failure !== undefined && { failure }),
        ...(!telling && { 'microsoft.sample_rate': SAMPLED }),
      },
    }),
  );
}

/** The invocation's own flags do not count: the host leaves them 0 and reports the request all the same. */
function parentOf(traceParent: string | undefined) {
  const [, traceId, spanId] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/.exec(traceParent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, isRemote: true, traceFlags: TraceFlags.SAMPLED };
}

/** By the trace, so that every process takes the same ones; of a batch without one, none. */
function isSampled(traceId: string | undefined): boolean {
  return traceId !== undefined && Number.parseInt(traceId.slice(-8), 16) < (SAMPLED / 100) * 2 ** 32;
}
