import { app, type InvocationContext, output, type Timer } from '@azure/functions';
import { BrokerState } from '../shared/metrics/brokerState.ts';
import { metricsLog } from '../shared/metrics/metricsLog.ts';
import { runMetrics } from '../shared/metrics/runMetrics.ts';
import { hubConnector } from '../shared/settings/eventHubsConnection.ts';
import { describeFailure } from '../shared/store/describeFailure.ts';
import { database, settings } from './runtime.ts';
import { sendSamples } from './telemetry.ts';

const { topics, deadLetterRetentionDays } = settings;
const broker = new BrokerState(hubConnector(process.env));
app.hook.appTerminate(() => broker.close());

/**
 * The state of the sync, to Application Insights; gaps, to the replay queue (SPEC 7, 9). The host runs one at a time over
 * all instances.
 */
app.timer('syncMetrics', {
  schedule: settings.metricsSchedule,
  return: output.storageQueue({ queueName: 'dlq-replay', connection: 'AzureWebJobsStorage' }),
  handler: async (_timer: Timer, context: InvocationContext): Promise<readonly object[] | undefined> => {
    try {
      const run = await runMetrics({ database, topics, deadLetterRetentionDays, broker, send: sendSamples });
      if (run === undefined) return undefined;
      for (const { level, ...line } of metricsLog(run)) context[level](JSON.stringify(line));
      return run.repairRequests.length > 0 ? run.repairRequests : undefined;
    } catch (error) {
      const reason = describeFailure(error);
      context.error(JSON.stringify({ message: 'metrics failed', reason }));
      // Without its cause: the host logs an error whole.
      throw new Error(`The metrics were not read: ${reason}`);
    }
  },
});
