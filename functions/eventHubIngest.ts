import type { EventHubFunctionOptions, InvocationContext } from '@azure/functions';
import type { LogicalTopic } from '../shared/contracts/fields.ts';
import { readBrokerEvents } from '../shared/ingest/brokerEvent.ts';
import { correlationIds } from '../shared/ingest/correlationIds.ts';
import { ingest } from '../shared/ingest/ingest.ts';
import { ingestRules } from '../shared/ingest/rules.ts';
import { describeFailure } from '../shared/store/describeFailure.ts';
import { database, settings } from './runtime.ts';
import { recordBatch } from './telemetry.ts';

/**
 * The trigger of one topic and its handler. `dataType: 'binary'` is what delivers bodies untouched; the library's
 * types do not know it. An infrastructure failure is thrown and retried for ever: the host moves its checkpoint
 * past a batch that failed for good.
 */
export function eventHubIngest(logicalTopic: LogicalTopic): EventHubFunctionOptions {
  const rules = ingestRules(settings, database, logicalTopic);
  const { contract } = rules;
  const binary = { dataType: 'binary' };
  return {
    connection: 'EventHubs',
    eventHubName: contract.topic,
    consumerGroup: settings.consumerGroup,
    cardinality: 'many',
    ...binary,
    retry: {
      strategy: 'exponentialBackoff',
      maxRetryCount: -1,
      minimumInterval: { seconds: 1 },
      maximumInterval: { seconds: 60 },
    },
    handler: async (messages: unknown, context: InvocationContext): Promise<void> => {
      const events = readBrokerEvents(messages, context.triggerMetadata);
      const [first] = events;
      if (first === undefined) return;
      const batch = { topic: contract.topic, partition: first.partition, first: first.sequenceNumber };
      const startedAt = Date.now();
      const before = performance.now();
      const measured = () => ({
        ...batch,
        events,
        startedAt,
        seconds: (performance.now() - before) / 1000,
        traceParent: context.traceContext?.traceParent,
      });
      try {
        const { rejected, ...result } = await ingest(rules, events);
        const stored = { ...measured(), transactionIds: result.transactionIds };
        const { seconds } = stored;
        const ids = { correlationIds: correlationIds(events, rejected) };
        context.info(JSON.stringify({ message: 'batch ingested', ...batch, ...result, seconds, ...ids }));
        recordBatch(stored);
      } catch (error) {
        const reason = describeFailure(error);
        recordBatch({ ...measured(), transactionIds: [], failure: reason });
        context.error(JSON.stringify({ message: 'batch failed', ...batch, received: events.length, reason }));
        // Without its cause: the host logs an error whole, and the driver's may quote a row.
        throw new Error(`The batch of ${contract.topic} was not stored and is tried again: ${reason}`);
      }
    },
  };
}
