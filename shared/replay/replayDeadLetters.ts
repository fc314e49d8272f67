import { LOGICAL_TOPICS, type LogicalTopic } from '../contracts/fields.ts';
import type { BrokerEvent } from '../ingest/brokerEvent.ts';
import { type IngestRules, ingest, schemasOf } from '../ingest/ingest.ts';
import { isRejected, prepareEvent, type RejectedEvent } from '../ingest/prepare.ts';
import { ingestRules } from '../ingest/rules.ts';
import { comparePositions } from '../precedence/precedence.ts';
import type { PrivacySource } from '../privacy/privacy.ts';
import { isSealed } from '../privacy/seal.ts';
import { nextDeadLetters, type OpenDeadLetter } from '../store/replay/nextDeadLetters.ts';
import { type Settlement, settleReplay } from '../store/replay/settleReplay.ts';
import { retryContention } from '../store/retryContention.ts';
import type { ReplayContext } from './context.ts';
import type { ReplayRequest } from './request.ts';

const PAGE = 500;
/** Attempts after which a dead letter is left alone, unless the request says `force` (SPEC 8). */
export const MAX_ATTEMPTS = 5;

/**
 * Brings dead letters in again, page by page, with their original broker metadata: so none of them can overtake a
 * newer row, and none makes a second dead letter. What is stored now, or ignored by today's profile, is marked; what is still refused gets today's
 * reason.
 *
 * A crash between a page's ingest and its mark repeats the page: it changes nothing, and the marks are set then. An
 * attempt counts with the mark: a failure of the infrastructure is not held against a dead letter.
 *
 * @param position the last dead letter that is done with; `examined`: how many were.
 * @returns false where the run's time is over, or another run of the same request has taken over.
 * @throws where the infrastructure failed; the page that was begun is repeated by the next run.
 */
export async function replayDeadLetters(
  context: ReplayContext,
  request: ReplayRequest,
  { position, ceiling, examined }: { position: number; ceiling: number; examined: number },
): Promise<boolean> {
  const { settings, database, requestId, timeIsOver } = context;
  const { dry_run: dryRun, force, accept_future: acceptFuture } = request;
  const { ids, limit, ...filter } = filterOf(request);
  const rules = rulesByHub(settings, database, acceptFuture);
  for (let after = position, left = limit - examined; left > 0; ) {
    if (timeIsOver()) return false;
    const page = await nextDeadLetters(database, {
      ...filter,
      ids,
      after,
      ceiling,
      most: Math.min(PAGE, left),
      maxAttempts: force ? 2 ** 31 - 1 : MAX_ATTEMPTS,
    });
    if (page.length === 0) return true;
    const outcome = await bringIn(await opened(settings.privacy, page), rules, dryRun);
    const settled: Settlement = {
      requestId,
      from: after,
      to: page.at(-1)!.id,
      examined: page.length,
      alsoResolved: dryRun ? outcome.stored.length : 0,
      alsoRejected: dryRun ? outcome.refused.length : 0,
      exhausted: outcome.leftAlone,
      lost: 0,
      stored: dryRun ? [] : outcome.stored,
      refused: dryRun ? [] : outcome.refused,
      profileId: settings.profile.id,
    };
    if (!(await retryContention(() => settleReplay(database, settled)))) return false;
    after = page.at(-1)!.id;
    left -= page.length;
  }
  return true;
}

/**
 * What a replay of this dead letter would come to now, by the contract; the database is not asked and nothing is written.
 * `left alone`: sealed by a key that is not at hand, or of a hub that these settings do not read.
 */
export async function tryReplay(
  { settings, database }: Pick<ReplayContext, 'settings' | 'database'>,
  letter: OpenDeadLetter,
): Promise<'stored' | 'left alone' | { readonly error: string; readonly detail: string }> {
  const page = await opened(settings.privacy, [letter]);
  const { stored, refused } = await bringIn(page, rulesByHub(settings, database, false), true);
  return refused[0] ?? (stored.length > 0 ? 'stored' : 'left alone');
}

function rulesByHub(
  settings: ReplayContext['settings'],
  database: ReplayContext['database'],
  acceptFuture: boolean,
): ReadonlyMap<string, IngestRules<LogicalTopic>> {
  return new Map(
    LOGICAL_TOPICS.filter((topic) => settings.topics[topic] !== '').map((topic) => {
      const ofTopic = ingestRules<LogicalTopic>(settings, database, topic);
      return [settings.topics[topic], acceptFuture ? { ...ofTopic, maxClockSkew: Infinity } : ofTopic];
    }),
  );
}

function filterOf({ select }: ReplayRequest) {
  if ('dlq_ids' in select) {
    const nothing = { topic: null, error: null, since: null, until: null };
    return { ids: select.dlq_ids, ...nothing, limit: Infinity };
  }
  const { topic, error, since, until, limit } = select as Exclude<typeof select, { gap: unknown }>;
  return {
    ids: null,
    topic: topic ?? null,
    error: error ?? null,
    since: since ?? null,
    until: until ?? null,
    limit: limit ?? Infinity,
  };
}

/**
 * The page with the payloads as they came; without those that stay sealed because their key is not at hand: brought in
 * like that, a dead letter would lose its reason for one that is not its own.
 */
function opened(privacy: PrivacySource, page: readonly OpenDeadLetter[]): Promise<OpenDeadLetter[]> {
  return Promise.all(
    page.map(async (letter) => {
      const payload = letter.payload && (await privacy.open(letter.payload, letter));
      return { ...letter, payload: payload && isSealed(payload) ? null : payload };
    }),
  );
}

interface PageOutcome {
  readonly stored: number[];
  readonly refused: { id: number; error: string; detail: string }[];
  /** Exhausted, sealed by a key that is not at hand, or of a topic that these settings do not read. */
  readonly leftAlone: number;
}

async function bringIn(
  page: readonly OpenDeadLetter[],
  rules: ReadonlyMap<string, IngestRules<LogicalTopic>>,
  dryRun: boolean,
): Promise<PageOutcome> {
  const outcome = { stored: [] as number[], refused: [] as PageOutcome['refused'], leftAlone: 0 };
  for (const group of byPartitionAndEpoch(page)) {
    const ofTopic = rules.get(group[0]!.topic);
    const idOf = new Map<BrokerEvent, number>();
    for (const { id, payload, ...letter } of group) {
      if (ofTopic === undefined || payload === null) outcome.leftAlone++;
      else idOf.set({ ...letter, body: payload }, id);
    }
    if (ofTopic === undefined || idOf.size === 0) continue;
    const rejected = new Map(
      (await rejectedOf(ofTopic, [...idOf.keys()], dryRun)).map(({ event, rejection }) => [event, rejection]),
    );
    for (const [event, id] of idOf) {
      const rejection = rejected.get(event);
      if (rejection === undefined) outcome.stored.push(id);
      else outcome.refused.push({ id, error: rejection.reason, detail: rejection.detail });
    }
  }
  return outcome;
}

/** Ingests the events, or only checks them; returns those that are refused. */
async function rejectedOf(
  rules: IngestRules<LogicalTopic>,
  events: readonly BrokerEvent[],
  dryRun: boolean,
): Promise<readonly RejectedEvent[]> {
  if (!dryRun) return (await ingest(rules, events)).rejected;
  const schemas = await schemasOf(rules, events);
  return events.map((event) => prepareEvent(rules, event, schemas)).filter(isRejected);
}

/** A batch is of one partition, and of one hub: numbers of another epoch would be counted in the wrong one. */
function byPartitionAndEpoch(page: readonly OpenDeadLetter[]): OpenDeadLetter[][] {
  const groups = Map.groupBy(page, ({ topic, partition, epoch }) =>
    JSON.stringify([topic, partition, epoch]),
  );
  return [...groups.values()].map((group) => group.sort(comparePositions));
}
