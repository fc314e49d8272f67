import { setTimeout as delay } from 'node:timers/promises';
import { app, type InvocationContext, output } from '@azure/functions';
import { moveRepaired } from '../shared/checkpoints/moveRepaired.ts';
import { checkpointsOf } from '../shared/checkpoints/ofSettings.ts';
import { releasedLine } from '../shared/metrics/metricsLog.ts';
import { HubError, HubReader } from '../shared/replay/hubReader.ts';
import { replay } from '../shared/replay/replay.ts';
import { InvalidReplayRequest, parseReplayRequest, REPLAY_QUEUE } from '../shared/replay/request.ts';
import { hubConnector } from '../shared/settings/eventHubsConnection.ts';
import { describeFailure } from '../shared/store/describeFailure.ts';
import { readReplay } from '../shared/store/replay/readReplay.ts';
import { database, settings } from './runtime.ts';

const QUEUE = { queueName: REPLAY_QUEUE, connection: 'AzureWebJobsStorage' };
/** Half of functionTimeout (host.json); what is left of a request goes on in another run. */
const RUN_MS = 5 * 60_000;
/** An outage must not carry a valid request into the poison queue: it waits, in a new message each time. */
const OUTAGE_WAIT_MS = 30_000;

const hub = new HubReader(hubConnector(settings.eventHubs));
const checkpoints = checkpointsOf(settings);

/**
 * Dead letters and gaps, again (SPEC 7, 8). An invalid request is thrown, so that it ends in the poison queue; anything
 * else that is not done goes back to the queue under its id.
 */
app.storageQueue('dlqReplay', {
  ...QUEUE,
  return: output.storageQueue(QUEUE),
  handler: async (message: unknown, context: InvocationContext): Promise<object | undefined> => {
    const startedAt = performance.now();
    const timeIsOver = () => performance.now() - startedAt > RUN_MS;
    try {
      const request = parseReplayRequest(message);
      const requestId = request.request_id ?? String(context.triggerMetadata?.['id']);
      const again = { ...request, request_id: requestId };
      try {
        const done = await replay({ settings, database, hub, requestId, timeIsOver }, request);
        const result = await readReplay(database, requestId);
        context.info(JSON.stringify({ message: 'replay', requestId, ...result }));
        // A partition that stood for one of these events need not wait for the timer.
        const released = done ? await moveRepaired({ database, hub, checkpoints, actor: 'dlqReplay' }) : [];
        for (const { level, ...line } of released.map(releasedLine)) context[level](JSON.stringify(line));
        return done ? undefined : again;
      } catch (error) {
        if (error instanceof InvalidReplayRequest) throw error;
        const reason = error instanceof HubError ? error.message : describeFailure(error);
        context.error(JSON.stringify({ message: 'replay interrupted', requestId, reason }));
        await delay(OUTAGE_WAIT_MS);
        return again;
      }
    } catch (error) {
      context.error(JSON.stringify({ message: 'replay refused', reason: (error as Error).message }));
      throw error;
    }
  },
});
