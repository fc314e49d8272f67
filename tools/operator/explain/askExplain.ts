import { recordAction } from '../../../shared/store/recordAction.ts';
import type { Target } from '../../target/target.ts';
import { type Language, sayer, TEXTS } from '../../texts/texts.ts';
import { maySeeUserIds } from '../queries/maySeeUserIds.ts';
import { type Asking, type Facts, factsOf } from './facts.ts';
import type { History } from './history.ts';
import { kindsOf, sentencesOf } from './sentence.ts';

export interface Explained {
  readonly asking: Asking;
  readonly facts: Facts;
  /** What the id is; none where nothing has it. */
  readonly kinds: readonly string[];
}

const EN = sayer(TEXTS.en.explain);

/** Looks an id up; the audit log has it before anybody sees it. `events`: whether its events are looked for next. */
export async function askExplain(
  { settings, database }: Target,
  id: string,
  {
    actor,
    events,
    language,
  }: { readonly actor: string; readonly events: boolean; readonly language: Language },
): Promise<Explained> {
  const seesUserIds = await maySeeUserIds(database);
  const asking = { settings, database, seesUserIds, texts: TEXTS[language] };
  const facts = await factsOf(asking, id);
  // The audit log is in English.
  const kinds = kindsOf(facts, EN);
  const details = { found: kinds, ...placeOf(facts), events };
  await recordAction(database, { actor, action: 'explain', details, result: { user_ids: seesUserIds } });
  return { asking, facts, kinds };
}

/** What programs get, in English: all that is known, without the id that was asked for. */
export function reportOf({ facts, kinds }: Explained, histories: readonly History[] | undefined): object {
  if (kinds.length === 0) return { is: [] };
  const { id: _id, ...known } = facts;
  return { is: kinds, sentences: sentencesOf(facts, EN), ...known, ...(histories && { events: histories }) };
}

/** The place of what was found in its hub: it says which row it was, and names no id. */
function placeOf({ entry, payment, id, deadLetter }: Facts): object {
  const order = payment?.id === id ? payment.order : undefined;
  const row = entry ?? order;
  return {
    ...(row && { topic: row.topic, partition: row.source.partition, sequence_number: row.source.sequence }),
    ...(deadLetter && { dlq_id: deadLetter.columns['dlq_id'] }),
  };
}
