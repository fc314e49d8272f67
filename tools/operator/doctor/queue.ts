import { REPLAY_QUEUE } from '../../../shared/replay/request.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { QueueError } from '../../target/queueError.ts';
import { waitingMessages } from '../../target/replayQueue.ts';
import { Complaint } from '../../terminal/exit.ts';
import { type Finding, ok, wrong } from './check.ts';

/** The queue of replays, and where its messages end that are no valid request. */
export async function checkQueue({ storage }: OperatorSettings): Promise<Finding[]> {
  try {
    const [waiting, poisoned] = await Promise.all([
      waitingMessages(storage, REPLAY_QUEUE),
      waitingMessages(storage, `${REPLAY_QUEUE}-poison`),
    ]);
    const says = waiting === undefined ? 'is made by the first request' : `${waiting} requests wait`;
    if ((poisoned ?? 0) === 0) return [ok('queue', `${REPLAY_QUEUE} ${says}`)];
    return [
      wrong(
        'queue',
        `${poisoned} messages in ${REPLAY_QUEUE}-poison: they were no valid request`,
        'Look at them, and delete them.',
      ),
    ];
  } catch (error) {
    if (!(error instanceof QueueError || error instanceof Complaint)) throw error;
    return [wrong('queue', error.message, 'Mend what it says.')];
  }
}
