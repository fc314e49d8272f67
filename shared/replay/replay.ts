import { beginReplay } from '../store/replay/beginReplay.ts';
import { finishReplay } from '../store/replay/finishReplay.ts';
import type { ReplayContext } from './context.ts';
import { repairGap, topicOf } from './repairGap.ts';
import { replayDeadLetters } from './replayDeadLetters.ts';
import { type GapSelection, InvalidReplayRequest, type ReplayRequest } from './request.ts';

/**
 * Carries out a replay request (SPEC 7, 8), or goes on with one: dead letters, or a gap. Safe to run twice and at the
 * same time as another.
 *
 * @returns whether the request is done; else it is to be run again, with the same id.
 * @throws InvalidReplayRequest where it can't be carried out as it is; other errors where the infrastructure failed.
 */
export async function replay(context: ReplayContext, request: ReplayRequest): Promise<boolean> {
  const { settings, database, requestId } = context;
  const gap = 'gap' in request.select ? (request.select as GapSelection).gap : undefined;
  if (gap !== undefined) topicOf(settings, gap.topic);
  const { request_id: _id, ...recorded } = request;
  const state = await beginReplay(database, {
    requestId,
    request: recorded,
    requestedBy: request.requested_by,
    position: gap === undefined ? 0 : gap.from - 1,
    ceiling: gap?.to ?? null,
  });
  if (!state.same) throw new InvalidReplayRequest('The id of this replay request belongs to another one.');
  if (state.status === 'done') return true;
  const done =
    gap === undefined
      ? await replayDeadLetters(context, request, state)
      : await repairGap(context, gap, request.dry_run, state.position);
  if (done) await finishReplay(database, requestId);
  return done;
}
