import * as z from 'zod';
import { MAX_ATTEMPTS } from '../../shared/replay/replayDeadLetters.ts';
import { askExplain } from '../operator/explain/askExplain.ts';
import { historyOf } from '../operator/explain/history.ts';
import { blocksOf } from '../operator/explain/page.ts';
import { countDeadLetters } from '../operator/queries/countDeadLetters.ts';
import { listWindows } from '../operator/queries/listWindows.ts';
import { namespaceRequired, type Target } from '../target/target.ts';
import { LANGUAGES, sayer } from '../texts/texts.ts';
import { matchingIds, pageOfLetters, payloadOf, tryLetters } from './deadLetters.ts';
import { lasting } from './lasting.ts';
import type { Replays } from './replays.ts';
import { violationsByKind } from './violations.ts';

/** Answers a request of the page. `gone`: nobody waits for it any more. */
type Answer = (target: Target, body: unknown, gone: AbortSignal) => Promise<object> | object;

const explainRequest = z.strictObject({
  id: z.string().trim().min(1).max(500),
  events: z.boolean(),
  language: z.enum(LANGUAGES),
});

/** Events of a hub that are looked at for somebody who waits for a page. */
const MOST_EVENTS = 300_000;
/** The latest that do not match; the command line lists all. */
const WINDOWS = 20;

/** What the page may ask for, by path; all of it by POST, so that no address holds an id and no link does anything. */
export function answers(replays: Replays, actor: string): Readonly<Record<string, Answer>> {
  const groups = lasting(async ({ database }: Target) => await countDeadLetters(database, MAX_ATTEMPTS));
  const windows = lasting(
    async ({ database }: Target) =>
      await listWindows(database, { topic: null, state: null, all: false, most: WINDOWS }),
  );
  const violations = lasting(async ({ database }: Target) => await violationsByKind(database));
  return {
    '/api/groups': async (target) => ({
      groups: await groups(target),
      topics: Object.values(target.settings.topics).filter((topic) => topic !== ''),
    }),
    '/api/letters': pageOfLetters,
    '/api/matching': matchingIds,
    '/api/payload': (target, body) => payloadOf(target, body, actor),
    '/api/try': (target, body) => tryLetters(target, body, actor),
    '/api/replay': (target, body) => replays.begin(target, body, actor),
    '/api/replay/result': (_target, body) => replays.resultOf(body),
    '/api/violations': async (target) => ({ violations: await violations(target) }),
    '/api/windows': async (target) => ({
      windows: await windows(target),
      isOff: target.settings.topics.control === '',
    }),
    '/api/explain': (target, body, gone) => explain(target, body, actor, gone),
  };
}

/** The report of the command as people read it: blocks of lines. */
async function explain(target: Target, body: unknown, actor: string, gone: AbortSignal): Promise<object> {
  const { id, events, language } = explainRequest.parse(body);
  if (events) namespaceRequired(target.settings.eventHubs);
  const { asking, facts, kinds } = await askExplain(target, id, { actor, events, language });
  const options = { since: undefined, most: MOST_EVENTS, stopped: gone, progress: () => {} };
  const histories = events && kinds.length > 0 ? await historyOf(asking, facts, options) : undefined;
  return { blocks: kinds.length === 0 ? [] : blocksOf(facts, histories, sayer(asking.texts.explain)) };
}
