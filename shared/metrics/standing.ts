import type { LastAttempt, StandingPartition } from '../store/checkpoints/standingPartitions.ts';
import { isDueAgain } from './askAgain.ts';
import type { RepairRequest } from './gapRepair.ts';
import { isOf, type PartitionState } from './partitions.ts';

/** Who holds a partition, and whether they still renew it; `owner` is `null` where that could not be read. */
export interface Holder {
  readonly topic: string;
  readonly partition: number;
  readonly owner: string | null;
  readonly isAlive: boolean;
  /** Somebody holds it or did so once. Where nobody did, the place is the wrong one, or no host has come so far yet. */
  readonly isKnown: boolean;
}

/** host.json, `maxEventBatchSize`: the event that can't be handed over is one of so many. */
export const MOST_IN_A_BATCH = 1000;
/** A host that holds a partition calls the function within seconds. Longer than the takeover after a crash (34 s). */
const STANDS_SECONDS = 45;
/** Where nobody knows whether a host holds it, it may be starting. */
const STANDS_UNKNOWN_SECONDS = 90;
/** After its checkpoint was moved: its producer may send more of the same. A new claim takes ten seconds. */
const STANDS_AGAIN_SECONDS = 25;
const REMEMBERED_SECONDS = 600;
/** The function was called and failed, or waits: its retries are up to 60 s apart. */
export const QUIET_SECONDS = 180;
/** Between runs of the timer: who was away for longer (PostgreSQL, most likely) has not seen it stand meanwhile. */
const MOST_BETWEEN_RUNS_SECONDS = 60;
/** Then it does not come right by itself. */
const STUCK_SECONDS = 180;
const STUCK_MOVES = 5;

/**
 * Finds partitions that stand although a host holds them and events wait, and whose function is not called (SPEC 7): an event
 * of the next batch fails in the host's binding. Which repairs to ask for, and what to remember.
 */
export function planStanding(
  known: readonly StandingPartition[],
  partitions: readonly PartitionState[],
  holders: readonly Holder[],
  attempts: readonly LastAttempt[],
): { readonly requests: RepairRequest[]; readonly standing: StandingPartition[] } {
  const requests: RepairRequest[] = [];
  const standing = partitions.flatMap((state) => {
    const isHere = isOf(state);
    const before = known.find((one) => isHere(one) && !isOfFormerHub(one, state));
    const { topic, partition, waiting } = state;
    const ask = (from: number, to: number) =>
      requests.push({ select: { gap: { topic, partition, from, to } }, requested_by: 'syncMetrics' });
    if (before !== undefined && before.askedTo !== null) {
      const isRepaired = waiting === undefined || waiting.from > before.askedTo;
      const isDue = isDueAgain({ askedAgo: before.askedAgo!, seenAgo: before.seenAgo });
      if (!isRepaired && isDue) ask(before.next, before.askedTo);
      return [before];
    }
    const isRemembered = before !== undefined && (before.movedAgo ?? Infinity) < REMEMBERED_SECONDS;
    if (waiting === undefined || state.restarted) return isRemembered ? [{ ...before, standsFor: 0 }] : [];
    const holder = holders.find(isHere);
    const now: StandingPartition = {
      topic,
      partition,
      next: waiting.from,
      owner: holder?.owner ?? null,
      seenAgo: 0,
      standsFor: hasStood(before, waiting.from, holder) ? before.standsFor : 0,
      askedTo: null,
      askedAgo: null,
      movedAgo: isRemembered ? before.movedAgo : null,
      moves: isRemembered ? before.moves : 0,
    };
    const isCalled = attempts.some((attempt) => isHere(attempt) && attempt.secondsAgo < QUIET_SECONDS);
    if (isCalled || now.standsFor < patienceFor(now)) return [now];
    const askedTo = Math.min(waiting.from + MOST_IN_A_BATCH - 1, waiting.to);
    ask(waiting.from, askedTo);
    return [{ ...now, askedTo, askedAgo: 0 }];
  });
  return { requests, standing };
}

/** Somebody has to see to it: it does not get on, or only by the repair of one batch after the other. */
export function isStuck({ askedAgo, moves }: StandingPartition): boolean {
  return (askedAgo ?? 0) > STUCK_SECONDS || moves >= STUCK_MOVES;
}

function hasStood(
  before: StandingPartition | undefined,
  next: number,
  holder: Holder | undefined,
): before is StandingPartition {
  if (before === undefined || before.next !== next || before.seenAgo > MOST_BETWEEN_RUNS_SECONDS)
    return false;
  if (holder === undefined || !holder.isAlive) return false;
  return before.owner === null || holder.owner === null || before.owner === holder.owner;
}

function patienceFor({ owner, movedAgo }: StandingPartition): number {
  if (movedAgo !== null) return STANDS_AGAIN_SECONDS;
  return owner === null ? STANDS_UNKNOWN_SECONDS : STANDS_SECONDS;
}

/** Within one hub neither its last number nor the first that waits ever goes back. */
function isOfFormerHub({ next, askedTo }: StandingPartition, { restarted, last, waiting }: PartitionState) {
  if (restarted) return true;
  return (last !== undefined && last < (askedTo ?? -1)) || (waiting !== undefined && waiting.from < next);
}
