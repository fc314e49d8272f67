import type { FormerCheckpoint } from '../checkpoints/forgetFormer.ts';
import type { CatchUp } from '../store/metrics/catchUps.ts';
import { isDueAgain } from './askAgain.ts';
import type { RepairRequest } from './gapRepair.ts';
import { isOf, type PartitionState } from './partitions.ts';

/**
 * Which events of hubs that were recreated to ask for now (SPEC 7), and what to remember: rows keep coming while nobody reads
 * them, because their host starts again, or its former checkpoints stay. What is new is asked for at once, what was asked for
 * already with back-off.
 *
 * @param recreated topics whose hub was found to be another one since events were last asked for.
 */
export function planCatchUp(
  known: readonly CatchUp[],
  partitions: readonly PartitionState[],
  recreated: readonly string[],
  former: readonly FormerCheckpoint[],
): { readonly requests: RepairRequest[]; readonly catchUps: CatchUp[] } {
  const requests: RepairRequest[] = [];
  const catchUps = partitions.flatMap((state): CatchUp[] => {
    const { topic, partition, waiting, gap } = state;
    const isHere = isOf(state);
    const isNew = recreated.includes(topic);
    if (!isNew && !former.some((one) => isHere(one) && !one.forgotten)) return [];
    const ask = (from: number, to: number) => {
      if (from > to) return;
      requests.push({ select: { gap: { topic, partition, from, to } }, requested_by: 'syncMetrics' });
    };
    // What the host passed over where it read on from its former checkpoint: no batch that is on its way.
    if (isNew && gap !== undefined) ask(gap.first, gap.last);
    if (waiting === undefined) return [];
    const { from, to } = waiting;
    const before = isNew ? undefined : known.find((one) => isHere(one) && one.askedTo >= from);
    ask(before === undefined ? from : before.askedTo + 1, to);
    const stands = before?.next === from;
    if (stands && isDueAgain(before)) ask(from, before.askedTo);
    return [
      { topic, partition, next: from, askedTo: to, askedAgo: stands ? before.askedAgo : 0, seenAgo: 0 },
    ];
  });
  return { requests, catchUps };
}
