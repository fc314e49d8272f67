import type { Processed } from '../store/control/readProcessed.ts';
import { isOf, type PartitionState } from './partitions.ts';

/**
 * Up to when all that a hub has taken is processed, in milliseconds since 1970 (SPEC 15); `undefined` where that is not known: a
 * partition does not answer, or has a gap. The slowest partition counts: what it still holds may belong to any window.
 *
 * @param processed read before the broker was asked.
 * @param readAt when reading began: of a partition in which nothing waited, all that came before is processed.
 */
export function reachedBy(
  topic: string,
  partitions: readonly PartitionState[],
  processed: readonly Processed[],
  readAt: number,
): number | undefined {
  let reached: number | undefined;
  for (const partition of partitions) {
    if (partition.topic !== topic) continue;
    const { lag, gap, restarted } = partition;
    if (lag === undefined || gap !== undefined || restarted === true) return undefined;
    const last = lag === 0 ? readAt : processed.find(isOf(partition))?.lastEnqueuedAt;
    if (last === undefined) return undefined;
    reached = Math.min(reached ?? last, last);
  }
  return reached;
}
