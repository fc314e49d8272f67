import { LOGICAL_TOPICS, type LogicalTopic } from '../contracts/fields.ts';
import type { BrokerEvent } from '../ingest/brokerEvent.ts';
import { ingest } from '../ingest/ingest.ts';
import { Refusals } from '../ingest/refusals.ts';
import { ingestRules } from '../ingest/rules.ts';
import { missingNumbers, type NumberRange } from '../store/replay/missingNumbers.ts';
import { recordLost } from '../store/replay/recordLost.ts';
import { recordLostWithHub } from '../store/replay/recordLostWithHub.ts';
import { settleReplay } from '../store/replay/settleReplay.ts';
import type { ReplayContext } from './context.ts';
import { type GapSelection, InvalidReplayRequest } from './request.ts';

/**
 * Reads the numbers of a gap that were never processed from the hub and ingests them as the stream does. Numbers that
 * the hub no longer has are recorded as lost; numbers that it does not have yet are left to the stream.
 *
 * @param position the last number that is done with.
 * @returns false where the run's time is over, or another run of the same request has taken over.
 */
export async function repairGap(
  context: ReplayContext,
  { topic, partition, from, to }: GapSelection['gap'],
  dryRun: boolean,
  position: number,
): Promise<boolean> {
  const { settings, database, hub, requestId, timeIsOver } = context;
  const rules = {
    ...ingestRules(settings, database, topicOf(settings, topic)),
    refusals: new Refusals(),
  };
  let at = position;
  const settle = async (upTo: number, counts: { resolved?: number; rejected?: number; lost?: number }) => {
    const { resolved = 0, rejected = 0, lost = 0 } = counts;
    const moved = await settleReplay(database, {
      requestId,
      from: at,
      to: upTo,
      examined: resolved + rejected + lost,
      alsoResolved: resolved,
      alsoRejected: rejected,
      exhausted: 0,
      lost,
      stored: [],
      refused: [],
      profileId: settings.profile.id,
    });
    at = upTo;
    return moved;
  };
  const lose = (ranges: readonly NumberRange[]) =>
    dryRun
      ? ranges.reduce((sum, range) => sum + sizeOf(range), 0)
      : recordLost(database, topic, partition, ranges);

  const missing =
    position < to ? await missingNumbers(database, topic, partition, { from: position + 1, to }) : [];
  const [held = { first: 0, last: -1 }] = missing.length > 0 ? await hub.heldNumbers(topic, [partition]) : [];
  for (const range of missing) {
    if (timeIsOver()) return false;
    const gone = { from: range.from, to: Math.min(range.to, held.first - 1) };
    if (sizeOf(gone) > 0 && !(await settle(gone.to, { lost: await lose([gone]) }))) return false;
    const there = { from: Math.max(range.from, held.first), to: Math.min(range.to, held.last) };
    if (sizeOf(there) === 0) continue;
    if (dryRun) {
      if (!(await settle(there.to, { resolved: sizeOf(there) }))) return false;
      continue;
    }
    let goOn = true;
    await hub.read(topic, partition, there, async (events, covers) => {
      const refused = events.length === 0 ? 0 : (await ingest(rules, events)).rejected.length;
      const lost = await lose(absentFrom(events, covers));
      goOn = await settle(covers.to, { resolved: events.length - refused, rejected: refused, lost });
      goOn &&= !timeIsOver();
      return goOn;
    });
    if (!goOn) return false;
  }
  const lostWithHub = dryRun ? 0 : await recordLostWithHub(database, topic, partition, { from, to });
  return settle(to, { lost: lostWithHub });
}

/** @throws InvalidReplayRequest where nobody reads this hub. */
export function topicOf({ topics }: ReplayContext['settings'], topic: string): LogicalTopic {
  const logicalTopic = LOGICAL_TOPICS.find((name) => topics[name] === topic);
  if (logicalTopic !== undefined && topic !== '') return logicalTopic;
  throw new InvalidReplayRequest('select.gap.topic: is no topic that this deployment reads.');
}

function sizeOf({ from, to }: NumberRange): number {
  return Math.max(to - from + 1, 0);
}

/** What a range covers and the hub did not deliver. */
function absentFrom(events: readonly BrokerEvent[], { from, to }: NumberRange): NumberRange[] {
  const absent: NumberRange[] = [];
  let next = from;
  for (const { sequenceNumber } of events) {
    if (sequenceNumber > next) absent.push({ from: next, to: sequenceNumber - 1 });
    next = sequenceNumber + 1;
  }
  if (next <= to) absent.push({ from: next, to });
  return absent;
}
