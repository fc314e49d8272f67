import type { HubReader } from '../replay/hubReader.ts';
import type { HostCheckpoints } from './hostCheckpoints.ts';
import { reasonOf } from './reasonOf.ts';

/** A checkpoint of a hub that was deleted and made again: the host waits for an offset that its successor reaches much later. */
export interface FormerCheckpoint {
  readonly topic: string;
  readonly partition: number;
  readonly forgotten: boolean;
  /** Why not. */
  readonly reason?: string;
}

/**
 * Deletes the checkpoints of these partitions that lie beyond the end of their hub: so they can't be of this hub, and the host
 * reads it from its beginning at its next attempt (host.json: `fromStart`). What was processed already is absorbed as any
 * redelivery is. Never throws for what fails: the next run tries again.
 *
 * @param partitions with the last number of each, as it was read before.
 * @param checkpoints `undefined` where the settings do not say where they are: then nobody can tell.
 */
export async function forgetFormer(
  { hub, checkpoints }: { readonly hub: HubReader; readonly checkpoints: HostCheckpoints | undefined },
  partitions: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly last: number | undefined;
  }[],
): Promise<FormerCheckpoint[]> {
  if (checkpoints === undefined) return [];
  const found: FormerCheckpoint[] = [];
  for (const { topic, partition, last = -1 } of partitions) {
    try {
      const checkpoint = await checkpoints.checkpoint(topic, partition);
      // The hub is only asked again where it may be a former one: an answer costs a connection.
      if (checkpoint === undefined || checkpoint.sequenceNumber <= last) continue;
      // After the checkpoint was read: of this hub, it can't be beyond its end.
      const [held] = await hub.heldNumbers(topic, [partition]);
      if (held === undefined || checkpoint.sequenceNumber <= held.last) continue;
      const forgotten = await checkpoints.forget(topic, partition, checkpoint);
      found.push({
        topic,
        partition,
        forgotten,
        ...(!forgotten && { reason: 'it is leased, or was changed' }),
      });
    } catch (error) {
      found.push({ topic, partition, forgotten: false, reason: reasonOf(error) });
    }
  }
  return found;
}
