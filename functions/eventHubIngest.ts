import type { EventHubFunctionOptions, InvocationContext } from '@azure/functions';
import type { LogicalTopic } from '../shared/contracts/fields.ts';
import { measureBatch } from '../shared/ingest/batchReport.ts';
import { partitionOf, readBrokerEvents } from '../shared/ingest/brokerEvent.ts';
import { ingest } from '../shared/ingest/ingest.ts';
import { Refusals } from '../shared/ingest/refusals.ts';
import { ingestRules } from '../shared/ingest/rules.ts';
import { describeFailure } from '../shared/store/describeFailure.ts';
import { attemptMarks, database, notePackage, settings, telemetry } from './runtime.ts';

/**
 * The trigger of one topic and its handler. `dataType: 'binary'` is what delivers bodies untouched; the library's
 * types do not know it. An infrastructure failure is thrown and retried for ever: the host moves its checkpoint
 * past a batch that failed for good.
 */
export function eventHubIngest(logicalTopic: LogicalTopic): EventHubFunctionOptions {
  const rules = { ...ingestRules(settings, database, logicalTopic), refusals: new Refusals() };
  const { topic } = rules.contract;
  const binary = { dataType: 'binary' };
  return {
    connection: 'EventHubs',
    eventHubName: topic,
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
      const { triggerMetadata } = context;
      const read = () => readBrokerEvents(messages, triggerMetadata);
      const events = attemptMarks.reading(topic, partitionOf(triggerMetadata), read);
      if (events.length === 0) return;
      const batch = measureBatch(topic, events, context.traceContext?.traceParent);
      try {
        const stored = await attemptMarks.during(topic, events[0]!.partition, () => ingest(rules, events));
        const { line, measured } = batch.ingested(stored);
        context.info(JSON.stringify(line));
        telemetry.recordBatch(measured);
        notePackage();
      } catch (error) {
        const reason = describeFailure(error);
        const { line, measured } = batch.failed(reason);
        telemetry.recordBatch(measured);
        context.error(JSON.stringify(line));
        // Without its cause: the host logs an error whole, and the driver's may quote a row.
        throw new Error(`The batch of ${topic} was not stored and is tried again: ${reason}`);
      }
    },
  };
}
