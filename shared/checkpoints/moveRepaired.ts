import { forgetStanding } from '../store/checkpoints/forgetStanding.ts';
import { processedUpTo } from '../store/checkpoints/processedUpTo.ts';
import { readStandingPartitions } from '../store/checkpoints/standingPartitions.ts';
import { type MoveContext, movePastProcessed } from './movePastProcessed.ts';
import { reasonOf } from './reasonOf.ts';

/** What came of the try to set a partition going. */
export interface Released {
  readonly topic: string;
  readonly partition: number;
  /** With a reason: its owner keeps it, and reads on where it was. */
  readonly moved: boolean;
  /** The last number that the host passes over. */
  readonly to?: number;
  readonly reason?: string;
}

const OWNER_WAS_FASTER = 'the owner renewed its claim each time';

/**
 * Sets those partitions going that stood and whose repair, which was asked for, is done: whoever finds it done first does so,
 * the repair itself or the next run of the timer. What fails for one is said, and the next run tries again; the alert counts the
 * time since the repair was asked for.
 *
 * @param checkpoints `undefined` where the settings do not say where they are.
 * @throws where PostgreSQL does not say which ones stood.
 */
export async function moveRepaired(
  context: Omit<MoveContext, 'checkpoints'> & {
    readonly checkpoints: MoveContext['checkpoints'] | undefined;
  },
): Promise<Released[]> {
  const { database, checkpoints } = context;
  const released: Released[] = [];
  for (const { topic, partition, next, askedTo } of await readStandingPartitions(database)) {
    if (askedTo === null) continue;
    const at = { topic, partition };
    try {
      if (!(await isRepaired(context, { topic, partition, next, askedTo }))) continue;
      if (checkpoints === undefined) {
        released.push({ ...at, moved: false, reason: 'the settings do not name the blobs of the storage' });
        continue;
      }
      const result = await movePastProcessed({ ...context, checkpoints }, topic, partition);
      if (result.moved) {
        const reason = result.released ? {} : { reason: OWNER_WAS_FASTER };
        released.push({ ...at, moved: true, to: result.to, ...reason });
      } else if (result.reason === 'renewed') {
        released.push({ ...at, moved: false, reason: OWNER_WAS_FASTER });
      } else if (result.reason === 'unread') {
        released.push({ ...at, moved: false, reason: 'nobody has ever read it in this consumer group' });
      } else if (result.reason === 'nothing') await forgetStanding(database, topic, partition);
    } catch (error) {
      released.push({ ...at, moved: false, reason: reasonOf(error) });
    }
  }
  return released;
}

/** Numbers that are past their retention before anything of the partition was processed are known to nobody as lost. */
async function isRepaired(
  { database, hub }: Pick<MoveContext, 'database' | 'hub'>,
  { topic, partition, next, askedTo }: { topic: string; partition: number; next: number; askedTo: number },
): Promise<boolean> {
  const processed = await processedUpTo(database, topic, partition, next);
  if (processed !== undefined) return processed >= askedTo;
  const [held] = await hub.heldNumbers(topic, [partition]);
  if (held === undefined || held.first <= next) return false;
  if (held.first > askedTo) return true;
  return ((await processedUpTo(database, topic, partition, held.first)) ?? -1) >= askedTo;
}
