import type { PartitionState } from './partitions.ts';

/**
 * Up to when all that a hub has taken is processed, in milliseconds since 1970 (SPEC 15); `undefined` where that is not known: a
 * partition does not answer, or has a gap. The slowest partition counts: what it still holds may belong to any window.
 *
 * @param readAt when reading began: of a partition in which nothing waited, all that came before is processed.
 */
export function reachedBy(
  topic: string,
  partitions: readonly PartitionState[],
  readAt: number,
): number | undefined {
  const times = partitions
    .filter((partition) => partition.topic === topic)
    .map(({ lag, gap, restarted, lastEnqueuedAt = Number.NaN }) => {
      if (lag === undefined || gap !== undefined || restarted === true) return Number.NaN;
      return lag === 0 ? readAt : lastEnqueuedAt;
    });
  const reached = Math.min(...times);
  return Number.isFinite(reached) ? reached : undefined;
}
