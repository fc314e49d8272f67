import type { GapRepair } from '../store/metrics/gapRepairs.ts';
import { isOf, type PartitionState } from './partitions.ts';

/** A message of the queue `dlq-replay` that asks for the events of a gap. */
export interface RepairRequest {
  readonly select: {
    readonly gap: {
      readonly topic: string;
      readonly partition: number;
      readonly from: number;
      readonly to: number;
    };
  };
  readonly requested_by: 'syncMetrics';
}

/** Two hosts that hold a partition for a moment may commit their batches in any order: that is no gap yet. */
const SETTLES_WITHIN_SECONDS = 60;
const FIRST_RETRY_SECONDS = 5 * 60;
const LONGEST_RETRY_SECONDS = 6 * 60 * 60;

/** Which gaps to ask for now, and what to remember of all of them: each is asked for once, then with back-off. */
export function planRepairs(
  known: readonly GapRepair[],
  partitions: readonly PartitionState[],
): { readonly requests: RepairRequest[]; readonly repairs: GapRepair[] } {
  const requests: RepairRequest[] = [];
  const repairs = partitions.flatMap(({ topic, partition, gap }) => {
    if (gap === undefined) return [];
    const { first, last } = gap;
    const before = known.find(isOf({ topic, partition }));
    const contained = before !== undefined && first >= before.first && last <= before.last;
    const attempts = contained ? before.attempts : 0;
    // One that grows is not put off again and again.
    const dueIn = contained
      ? before.dueIn
      : Math.min(before?.dueIn ?? SETTLES_WITHIN_SECONDS, SETTLES_WITHIN_SECONDS);
    if (dueIn > 0) return [{ topic, partition, first, last, attempts, dueIn }];
    requests.push({
      select: { gap: { topic, partition, from: first, to: last } },
      requested_by: 'syncMetrics',
    });
    const wait = Math.min(FIRST_RETRY_SECONDS * 2 ** attempts, LONGEST_RETRY_SECONDS);
    return [{ topic, partition, first, last, attempts: attempts + 1, dueIn: wait }];
  });
  return { requests, repairs };
}
