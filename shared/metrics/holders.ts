import type { HostCheckpoints } from '../checkpoints/hostCheckpoints.ts';
import type { StandingPartition } from '../store/checkpoints/standingPartitions.ts';
import type { Holder } from './standing.ts';

/** host.json, `partitionOwnershipExpirationInterval`. */
export const EXPIRES_AFTER_SECONDS = 30;

/** Who holds the partitions that stand. What the storage does not tell is unknown, and no failure. */
export function readHolders(
  checkpoints: HostCheckpoints | undefined,
  standing: readonly StandingPartition[],
): Promise<Holder[]> {
  return Promise.all(
    standing.map(async ({ topic, partition }) => {
      const unknown = { topic, partition, owner: null, isAlive: true, isKnown: true };
      if (checkpoints === undefined) return unknown;
      try {
        const found = await checkpoints.ownership(topic, partition);
        const owner = found?.owner ?? '';
        const isAlive = owner !== '' && found!.renewedAgo < EXPIRES_AFTER_SECONDS;
        return { topic, partition, owner, isAlive, isKnown: found !== undefined };
      } catch {
        return unknown;
      }
    }),
  );
}
