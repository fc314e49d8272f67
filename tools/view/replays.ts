import * as z from 'zod';
import type { ReplayResult } from '../../shared/store/replay/finishReplay.ts';
import { lettersOf, type ReplayOutcome, replayOutcomes } from '../operator/deadLetters/replayOutcomes.ts';
import type { ListedDeadLetter } from '../operator/queries/listDeadLetters.ts';
import { askForReplay, waitForReplay } from '../target/replayQueue.ts';
import type { Target } from '../target/target.ts';
import { MOST_REPLAYED } from './deadLetters.ts';

const replayRequest = z.strictObject({
  ids: z.array(z.int().min(0)).min(1).max(MOST_REPLAYED),
  force: z.boolean(),
  acceptFuture: z.boolean(),
});
const resultRequest = z.strictObject({ requestId: z.string() });

/** Of the latest, the results are kept. */
const KEPT = 20;

interface Replay {
  counts: ReplayResult | undefined;
  failure: Error | undefined;
  results: readonly ReplayOutcome[] | undefined;
}

/** The replays that this view has asked for. */
export class Replays {
  readonly #replays = new Map<string, Replay>();
  readonly #stopped = new AbortController();

  /** Asks for a replay by the queue, as the command line does; its result is asked for by the id. */
  async begin(target: Target, body: unknown, actor: string): Promise<{ requestId: string }> {
    const { ids, force, acceptFuture } = replayRequest.parse(body);
    const before = await lettersOf(target.database, ids);
    const requestId = await askForReplay(target, {
      select: { dlq_ids: ids },
      dry_run: false,
      force,
      accept_future: acceptFuture,
      requested_by: actor,
    });
    const replay: Replay = { counts: undefined, failure: undefined, results: undefined };
    this.#replays.set(requestId, replay);
    for (const oldest of [...this.#replays.keys()].slice(0, -KEPT)) this.#replays.delete(oldest);
    void this.#watch(target, requestId, replay, before).catch((error: Error) => {
      replay.failure = error;
    });
    return { requestId };
  }

  /** @throws what ended it, where it failed. */
  resultOf(body: unknown): object {
    const { requestId } = resultRequest.parse(body);
    const replay = this.#replays.get(requestId);
    if (replay?.failure !== undefined) throw replay.failure;
    return {
      isKnown: replay !== undefined,
      counts: replay?.counts ?? null,
      results: replay?.results ?? null,
    };
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #watch(target: Target, requestId: string, replay: Replay, before: readonly ListedDeadLetter[]) {
    const progress = (counts: ReplayResult) => {
      replay.counts = counts;
    };
    replay.counts = await waitForReplay(target, requestId, this.#stopped.signal, progress);
    if (replay.counts !== undefined) replay.results = await replayOutcomes(target.database, before);
  }
}
