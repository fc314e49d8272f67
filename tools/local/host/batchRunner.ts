import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReceivedEventData } from '@azure/event-hubs';
import { amqpBody } from '../../../shared/ingest/amqpBody.ts';
import { hostFault } from '../../../shared/ingest/hostFault.ts';

import type { App, Registration } from './coreApi.ts';
import type { InvocationRequest, RetryContext } from './coreTypes.ts';
import { invoke } from './invocation.ts';
import type { Log } from './log.ts';
import type { RetryPolicy } from './retryPolicy.ts';
import { type EventSource, triggerMetadata } from './triggerMetadata.ts';

/** A function with what running it on batches of events needs. */
export interface BatchFunction {
  app: App;
  registration: Registration;
  /** The name of the trigger's binding. */
  bindingName: string;
  retry: RetryPolicy | undefined;
  log: Log;
}

/**
 * Runs a function on a batch until it succeeds or its retry policy is at its end; all attempts have the same
 * invocation id. Returns whether the batch is done with, whatever its result: false when `stop` was aborted while
 * it was still to be retried.
 */
export async function runBatch(
  { app, registration, bindingName, retry, log }: BatchFunction,
  events: readonly ReceivedEventData[],
  source: EventSource,
  stop: AbortSignal,
): Promise<boolean> {
  const { name } = registration.metadata;
  const invocationId = randomUUID();
  const request: InvocationRequest = {
    invocationId,
    functionId: name,
    inputData: [
      {
        name: bindingName,
        data: { collectionBytes: { bytes: events.map((event) => amqpBody(event).bytes) } },
      },
    ],
    triggerMetadata: triggerMetadata(events, source),
    traceContext: newTraceContext(),
  };
  const batch = `${events.length} events of partition ${source.partitionId} from sequence number ${events[0]?.sequenceNumber}`;
  const record = (level: 'information' | 'error', message: string) =>
    log(level, `Function.${name}`, message, invocationId);
  const fault = bindingError(events);
  for (let retryCount = 0; ; retryCount++) {
    const retryContext = retry && contextOf(retry, retryCount, request.retryContext);
    const started = performance.now();
    const attempt = retryContext ? { ...request, retryContext } : request;
    const result = fault
      ? { ok: false as const, error: fault }
      : await invoke(app, registration, attempt, log);
    const duration = `${Math.round(performance.now() - started)} ms`;
    if (result.ok) {
      record('information', `Executed '${name}' (Succeeded, ${batch}, ${duration}).`);
      return true;
    }
    record('error', `Executed '${name}' (Failed, ${batch}, ${duration}): ${result.error.stack}`);
    if (!retry || (retry.maxRetryCount >= 0 && retryCount >= retry.maxRetryCount)) return true;
    const { message, stack } = result.error;
    const exception = { message, source: '', stackTrace: stack ?? '' };
    request.retryContext = { retryCount, maxRetryCount: retry.maxRetryCount, exception };
    const wait = retry.delayMs(retryCount + 1);
    record('information', `'${name}' runs again in ${Math.round(wait)} ms (retry ${retryCount + 1}).`);
    await delay(wait, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return false;
  }
}

/** What fails in every attempt, before the handler, because of one event of the batch. */
function bindingError(events: readonly ReceivedEventData[]): Error | undefined {
  for (const event of events) {
    const fault = hostFault(event);
    if (fault)
      return new Error(`Exception binding parameter: ${fault} (sequence number ${event.sequenceNumber}).`);
  }
  return undefined;
}

/** There from the first attempt on; later ones say what the one before failed with. */
function contextOf(
  { maxRetryCount }: RetryPolicy,
  retryCount: number,
  before: RetryContext | undefined,
): RetryContext {
  return { retryCount, maxRetryCount, ...(before?.exception && { exception: before.exception }) };
}

/** The real host makes no trace without Application Insights: its parent is an empty text then. */
export function newTraceContext(): InvocationRequest['traceContext'] {
  const traceParent = process.env['APPLICATIONINSIGHTS_CONNECTION_STRING']
    ? `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`
    : '';
  return { traceParent, traceState: '', attributes: {} };
}
