import * as z from 'zod';
import { LOGICAL_TOPICS } from '../../shared/contracts/fields.ts';
import { type Fault, faultOf } from '../../shared/contracts/found.ts';
import { type Contract, contractOf } from '../../shared/contracts/profile.ts';
import { REJECTION_REASONS } from '../../shared/contracts/rejection.ts';
import { MAX_ATTEMPTS } from '../../shared/replay/replayDeadLetters.ts';
import { recordAction } from '../../shared/store/recordAction.ts';
import { openPayload } from '../operator/deadLetters/openPayload.ts';
import { type TriedReplay, tryReplays } from '../operator/deadLetters/tryReplays.ts';
import { type ListedDeadLetter, listDeadLetters } from '../operator/queries/listDeadLetters.ts';
import type { Target } from '../target/target.ts';
import { adviceOn } from '../texts/advice.ts';
import { type Language, TEXTS } from '../texts/texts.ts';
import { type MarkedPayload, markedPayload } from './markedPayload.ts';

/** On a page of the list. */
const PAGE = 50;
/** That are tried, or brought in again, at once. */
const MOST_TRIED = 200;
export const MOST_REPLAYED = 10_000;

const id = z.int().min(0);
const time = z.iso.datetime({ offset: true }).nullable();
const selection = z.strictObject({
  topic: z.string().min(1).nullable(),
  error: z.enum(REJECTION_REASONS).nullable(),
  details: z.array(z.string()).min(1).nullable(),
  key: z.string().nullable(),
  partition: z.int().min(0).nullable(),
  since: time,
  until: time,
  status: z.enum(['open', 'resolved', 'all']),
});
const pageRequest = z.strictObject({
  selection,
  /** The page behind this dead letter, or the one before it; neither: the newest. */
  older: id.optional(),
  newer: id.optional(),
});
const idsRequest = z.strictObject({ ids: z.array(id).min(1).max(MOST_TRIED) });

/** A dead letter with what is wrong with it, and what to do. */
export interface ShownDeadLetter extends ListedDeadLetter, Fault {
  readonly isExhausted: boolean;
  readonly advice: Readonly<Record<Language, string | undefined>>;
}

interface PageOfLetters {
  /** The newest first. */
  readonly letters: readonly ShownDeadLetter[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

/** A page of the list, by where the one beside it ended: as fast at the end of 100,000 as at its beginning. */
export async function pageOfLetters({ database }: Target, body: unknown): Promise<PageOfLetters> {
  const { selection: asked, older, newer } = pageRequest.parse(body);
  const backwards = newer !== undefined;
  const found = await listDeadLetters(
    database,
    { ...asked, ids: null },
    {
      order: backwards ? 'oldest first' : 'newest first',
      behind: newer ?? older ?? null,
      limit: PAGE + 1,
    },
  );
  const letters = found.slice(0, PAGE).map(shown);
  const isMore = found.length > PAGE;
  return backwards
    ? { letters: letters.reverse(), hasOlder: true, hasNewer: isMore }
    : { letters, hasOlder: isMore, hasNewer: older !== undefined };
}

/** The ids of all that a selection matches, the oldest first, up to what one replay takes. */
export async function matchingIds({ database }: Target, body: unknown): Promise<{ ids: number[] }> {
  const asked = z.strictObject({ selection }).parse(body).selection;
  const found = await listDeadLetters(
    database,
    { ...asked, ids: null, status: 'open' },
    { order: 'oldest first', behind: null, limit: MOST_REPLAYED },
  );
  return { ids: found.map(({ dlq_id }) => Number(dlq_id)) };
}

function shown(letter: ListedDeadLetter): ShownDeadLetter {
  const { error, error_detail: detail, attempts } = letter;
  const advice = { en: adviceOn(TEXTS.en, error, detail), ko: adviceOn(TEXTS.ko, error, detail) };
  return { ...letter, ...faultOf(detail), advice, isExhausted: attempts >= MAX_ATTEMPTS };
}

/** The payload of a dead letter, with the members of the faulty field marked; written to the audit log. */
export async function payloadOf(target: Target, body: unknown, actor: string): Promise<MarkedPayload> {
  const { columns, payload } = await openPayload(target, z.strictObject({ id }).parse(body).id, actor);
  const { field } = faultOf(String(columns['error_detail']));
  return markedPayload(
    payload,
    field === null ? new Set() : namesOf(target, String(columns['topic']), field),
  );
}

/** The names under which a field of a topic's events may stand: its own, its aliases, the last member of a path. */
function namesOf({ settings }: Target, topic: string, field: string): ReadonlySet<string> {
  const logicalTopic = LOGICAL_TOPICS.find((one) => settings.topics[one] === topic);
  const contract: Contract | undefined =
    logicalTopic && contractOf(settings.profile, logicalTopic, settings.topics[logicalTopic]);
  const found = contract?.fields.find(({ name }) => name === field);
  if (found === undefined) return new Set([field]);
  return new Set([...found.names, ...[...found.paths, ...found.rootPaths].map((path) => path.at(-1)!)]);
}

/** What a replay of these would come to now; written to the audit log, since their payloads are read. */
export async function tryLetters(
  target: Target,
  body: unknown,
  actor: string,
): Promise<{ tried: { id: number; outcome: TriedReplay }[] }> {
  const { ids } = idsRequest.parse(body);
  const action = { actor, action: 'try replay', details: { dlq_ids: ids }, result: {} };
  await recordAction(target.database, action);
  const tried = await tryReplays(target, ids);
  return { tried: [...tried].map(([letter, outcome]) => ({ id: letter, outcome })) };
}
