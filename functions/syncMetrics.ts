import { app, type InvocationContext, output, type Timer } from '@azure/functions';
import { checkpointsOf } from '../shared/checkpoints/ofSettings.ts';
import { settlementRulesOf } from '../shared/contracts/profile.ts';
import { BrokerState } from '../shared/metrics/brokerState.ts';
import { metricsLog } from '../shared/metrics/metricsLog.ts';
import { runMetrics } from '../shared/metrics/runMetrics.ts';
import { HubReader } from '../shared/replay/hubReader.ts';
import { REPLAY_QUEUE } from '../shared/replay/request.ts';
import { hubConnector } from '../shared/settings/eventHubsConnection.ts';
import { openDatabase } from '../shared/store/database.ts';
import { describeFailure } from '../shared/store/describeFailure.ts';
import { onIdleError, packageIdentity, settings, telemetry } from './runtime.ts';

const { topics, deadLetterRetentionDays, controlGraceSeconds } = settings;
const connectHub = hubConnector(settings.eventHubs);
const broker = new BrokerState(connectHub);
const hub = new HubReader(connectHub);
const checkpoints = checkpointsOf(settings);
// Not the pool of the batches: where they hang, they have all of its connections, and that is what has to be told.
const database = openDatabase({ connection: settings.database, poolSize: 2, onIdleError });
app.hook.appTerminate(async () => {
  await Promise.all([broker.close(), database.end()]);
});

/**
 * The state of the sync, to Application Insights; gaps, to the replay queue (SPEC 7, 9). The host runs one at a time over
 * all instances.
 */
app.timer('syncMetrics', {
  schedule: settings.metricsSchedule,
  return: output.storageQueue({ queueName: REPLAY_QUEUE, connection: 'AzureWebJobsStorage' }),
  handler: async (_timer: Timer, context: InvocationContext): Promise<readonly object[] | undefined> => {
    try {
      const run = await runMetrics({
        database,
        topics,
        settlementRules: settlementRulesOf(settings.profile),
        deadLetterRetentionDays,
        controlGraceSeconds,
        packageIdentity,
        privacy: settings.privacy,
        broker,
        hub,
        checkpoints,
        send: (samples) => telemetry.sendSamples(samples),
      });
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
