import type pg from 'pg';
import type { HubReader } from '../replay/hubReader.ts';
import { processedUpTo } from '../store/checkpoints/processedUpTo.ts';
import { recordMove } from '../store/checkpoints/recordMove.ts';
import type { Checkpoint, HostCheckpoints } from './hostCheckpoints.ts';

export interface MoveContext {
  readonly database: pg.Pool;
  readonly hub: HubReader;
  readonly checkpoints: HostCheckpoints;
  /** Goes to the audit log. */
  readonly actor: string;
}

export type MoveResult =
  /** The partition is read from the number after `to` by whoever claims it next. */
  | { readonly moved: true; readonly from: number | null; readonly to: number }
  /**
   * `nothing`: the number after the checkpoint was not processed, so it is the host's to read. `renewed`: the owner was faster,
   * each time.
   */
  | { readonly moved: false; readonly reason: 'nothing' | 'renewed' };

/** An owner renews every few seconds, within milliseconds. */
const ATTEMPTS = 5;

/**
 * Moves the checkpoint of a partition past what was processed beyond it, and takes the partition from its owner, so that it is
 * claimed again and read from there (SPEC 7). Nothing is lost by it, whoever does what meanwhile: the checkpoint is only moved
 * over numbers that the sequence ledger has, each write is refused where the blob was changed since it was read, and what the
 * owner still stores is absorbed as any redelivery is.
 *
 * @throws where the hub, the storage or PostgreSQL failed.
 */
export async function movePastProcessed(
  { database, hub, checkpoints, actor }: MoveContext,
  topic: string,
  partition: number,
): Promise<MoveResult> {
  let from: number | null | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await checkpoints.checkpoint(topic, partition);
    if (from === undefined) from = before?.sequenceNumber ?? null;
    const next = await firstNumberAfter(before, hub, topic, partition);
    const to = await processedUpTo(database, topic, partition, next);
    if (to !== undefined) {
      const position = { sequenceNumber: to, offset: await offsetOf(hub, topic, partition, to) };
      if (!(await checkpoints.move(topic, partition, before, position))) continue;
    } else if (!before?.wasMoved) return { moved: false, reason: 'nothing' };
    const ownership = await checkpoints.ownership(topic, partition);
    const isHeld = ownership !== undefined && ownership.owner !== '';
    if (isHeld && !(await checkpoints.release(topic, partition, ownership))) continue;
    const end = to ?? next - 1;
    await recordMove(database, { topic, partition, actor, from, to: end });
    return { moved: true, from, to: end };
  }
  return { moved: false, reason: 'renewed' };
}

/** Where the host reads on; without a checkpoint, at the first number that the hub holds (host.json: fromStart). */
async function firstNumberAfter(
  checkpoint: Checkpoint | undefined,
  hub: HubReader,
  topic: string,
  partition: number,
): Promise<number> {
  if (checkpoint !== undefined) return checkpoint.sequenceNumber + 1;
  const [held] = await hub.heldNumbers(topic, [partition]);
  return held!.first;
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
  if (offset === undefined) throw new TypeError(`The hub ${topic} no longer holds ${sequenceNumber}.`);
  return offset;
}
