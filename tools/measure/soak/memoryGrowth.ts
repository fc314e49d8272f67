import type { Sample } from './samples.ts';

/** Growth below either of these is the noise of a garbage collector. */
const MAX_GROWTH = 0.25;
const MAX_GROWTH_MB = 64;

export interface MemoryGrowth {
  readonly earlyMb: number;
  readonly lateMb: number;
  readonly bounded: boolean;
}

/**
 * Whether the memory of the host that is never killed stays within bounds: the median of its resident memory in the
 * last quarter of the soak against that of the second quarter (in the first, it warms up). Half of the soak lies
 * between the two: a leak of 100 bytes an event makes 180 MB at 2,000 events a second in 30 minutes. Undefined
 * where there are too few samples.
 */
export function memoryGrowth(samples: readonly Sample[]): MemoryGrowth | undefined {
  const measured = samples.flatMap(({ lasting_host_mb }) =>
    lasting_host_mb === null ? [] : [lasting_host_mb],
  );
  const quarter = Math.floor(measured.length / 4);
  if (quarter === 0) return undefined;
  const earlyMb = median(measured.slice(quarter, 2 * quarter));
  const lateMb = median(measured.slice(-quarter));
  const growth = lateMb - earlyMb;
  return { earlyMb, lateMb, bounded: growth <= MAX_GROWTH_MB || growth <= earlyMb * MAX_GROWTH };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
