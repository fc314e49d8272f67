import { REPLAY_QUEUE } from '../../../shared/replay/request.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { QueueError } from '../../target/queueError.ts';
import { waitingMessages } from '../../target/replayQueue.ts';
import { Complaint } from '../../terminal/exit.ts';
import { type Finding, ok, type SayFinding, wrong } from './check.ts';

/** The queue of replays, and where its messages end that are no valid request. */
export async function checkQueue({ storage }: OperatorSettings, say: SayFinding): Promise<Finding[]> {
  try {
    const [waiting, poisoned] = await Promise.all([
      waitingMessages(storage, REPLAY_QUEUE),
      waitingMessages(storage, `${REPLAY_QUEUE}-poison`),
    ]);
    if ((poisoned ?? 0) === 0) {
      const queue = REPLAY_QUEUE;
      return [
        ok(
          'queue',
          waiting === undefined ? say('queueUnmade', { queue }) : say('queue', { queue, count: waiting }),
        ),
      ];
    }
    return [
      wrong(
        'queue',
        say('queuePoisoned', { count: poisoned!, queue: `${REPLAY_QUEUE}-poison` }),
        say('queuePoisonedTodo'),
      ),
    ];
  } catch (error) {
    if (!(error instanceof QueueError || error instanceof Complaint)) throw error;
    return [wrong('queue', error.message, say('mendTodo'))];
  }
}
