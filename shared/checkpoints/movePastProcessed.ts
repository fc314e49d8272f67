import type pg from 'pg';
import { type HeldNumbers, HubError, type HubReader } from '../replay/hubReader.ts';
import { processedUpTo } from '../store/checkpoints/processedUpTo.ts';
import { recordMove } from '../store/checkpoints/recordMove.ts';
import { wasSetGoing } from '../store/checkpoints/wasSetGoing.ts';
import { withMoveLock } from '../store/checkpoints/withMoveLock.ts';
import { recordAction } from '../store/recordAction.ts';
import type { Checkpoint, HostCheckpoints } from './hostCheckpoints.ts';

export interface MoveContext {
  readonly database: pg.Pool;
  readonly hub: HubReader;
  readonly checkpoints: HostCheckpoints;
  /** Goes to the audit log. */
  readonly actor: string;
}

export type MoveResult =
  /**
   * The partition is read from the number after `to` by whoever claims it next; `released` where its owner has lost it. Where
   * not, the owner was faster, each time.
   */
  | { readonly moved: true; readonly released: boolean; readonly from: number | null; readonly to: number }
  /**
   * `nothing`: the number after the checkpoint was not processed, so it is the host's to read, or somebody has set the partition
   * going already. `renewed`: the owner was faster, each time. `busy`: somebody else is at it. `unread`: nobody has ever read
   * the partition at this place.
   */
  | { readonly moved: false; readonly reason: 'nothing' | 'renewed' | 'busy' | 'unread' };

/** An owner renews every few seconds, within milliseconds. */
const ATTEMPTS = 5;

/**
 * Moves the checkpoint of a partition past what was processed beyond it, and takes the partition from its owner, so that it is
 * claimed again and read from there (SPEC 7). Nothing is lost by it, whoever does what meanwhile: the checkpoint is only moved
 * over numbers that the sequence ledger has, each write is refused where the blob was changed since it was read, and what the
 * owner still stores is absorbed as any redelivery is.
 *
 * Where all of that is past its retention, the checkpoint is deleted: the host reads from its beginning (host.json: fromStart).
 *
 * @throws where the hub, the storage or PostgreSQL failed.
 */
export async function movePastProcessed(
  context: MoveContext,
  topic: string,
  partition: number,
): Promise<MoveResult> {
  const move = () => moveAndRelease(context, topic, partition);
  return (await withMoveLock(context.database, topic, partition, move)) ?? { moved: false, reason: 'busy' };
}

async function moveAndRelease(
  { database, hub, checkpoints, actor }: MoveContext,
  topic: string,
  partition: number,
): Promise<MoveResult> {
  let from: number | null | undefined;
  let end: number | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await checkpoints.checkpoint(topic, partition);
    if (from === undefined) {
      if (before === undefined && (await checkpoints.ownership(topic, partition)) === undefined) {
        return { moved: false, reason: 'unread' };
      }
      from = before?.sequenceNumber ?? null;
    }
    const [held] = await hub.heldNumbers(topic, [partition]);
    if (held === undefined) throw new HubError(topic, `it has no partition ${partition}`);
    const to = await lastProcessed(database, topic, partition, before, held);
    if (to !== undefined) {
      // Before it is moved: there may be nobody left to say so afterwards.
      const begun = { actor, action: 'checkpoint skip begun', details: { topic, partition } };
      await recordAction(database, { ...begun, result: { from, to } });
      const isPast = to < held.first || isEmpty(held);
      const isMoved = isPast
        ? before === undefined || (await checkpoints.forget(topic, partition, before))
        : await checkpoints.move(topic, partition, before, {
            sequenceNumber: to,
            offset: await offsetOf(hub, topic, partition, to),
          });
      if (!isMoved) continue;
      end = to;
    } else if (end === undefined) {
      if (!before?.wasMoved || (await wasSetGoing(database, topic, partition)))
        return { moved: false, reason: 'nothing' };
      end = before.sequenceNumber;
    }
    const ownership = await checkpoints.ownership(topic, partition);
    const isHeld = ownership !== undefined && ownership.owner !== '';
    if (isHeld && !(await checkpoints.release(topic, partition, ownership))) continue;
    await recordMove(database, { topic, partition, actor, from, to: end });
    return { moved: true, released: true, from, to: end };
  }
  if (end === undefined) return { moved: false, reason: 'renewed' };
  // Its owner keeps the partition: the next try has to take it.
  const kept = { actor, action: 'checkpoint skip', details: { topic, partition } };
  await recordAction(database, { ...kept, result: { from: from!, to: end, released: false } });
  return { moved: true, released: false, from: from!, to: end };
}

/**
 * The last number that the host need not read: of those that the hub still holds, or, where it holds none of them any more, of
 * those before. `undefined` where the host has to read the next one.
 */
async function lastProcessed(
  database: pg.Pool,
  topic: string,
  partition: number,
  checkpoint: Checkpoint | undefined,
  held: HeldNumbers,
): Promise<number | undefined> {
  const { first, last } = held;
  const next = checkpoint === undefined ? first : checkpoint.sequenceNumber + 1;
  if (isEmpty(held)) return processedUpTo(database, topic, partition, next);
  const to = await processedUpTo(database, topic, partition, Math.max(next, first));
  if (to !== undefined) {
    if (to > last) throw new HubError(topic, `it ends before ${to}, which was processed: it is another one`);
    return to;
  }
  if (next >= first) return undefined;
  const before = await processedUpTo(database, topic, partition, next);
  return before !== undefined && before >= first - 1 ? before : undefined;
}

function isEmpty({ first, last }: HeldNumbers): boolean {
  return last < first;
}

/** A checkpoint names the offset too, and who starts from it goes by that. */
async function offsetOf(
  hub: HubReader,
  topic: string,
  partition: number,
  sequenceNumber: number,
): Promise<string> {
  let offset: string | undefined;
  await hub.read(topic, partition, { from: sequenceNumber, to: sequenceNumber }, async ([event]) => {
    offset = event?.offset;
    return false;
  });
  if (offset === undefined) throw new HubError(topic, `it no longer holds ${sequenceNumber}`);
  return offset;
}
