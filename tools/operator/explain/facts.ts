import type pg from 'pg';
import { MAX_ATTEMPTS } from '../../../shared/replay/replayDeadLetters.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { adviceOn } from '../../texts/advice.ts';
import type { Texts } from '../../texts/catalogue.ts';
import { sayer } from '../../texts/texts.ts';
import { tryReplays } from '../deadLetters/tryReplays.ts';
import { deadLettersOfKey, type ListedDeadLetter } from '../queries/deadLettersOfKey.ts';
import { type EntriesOfPayment, entriesOfPayment } from '../queries/entriesOfPayment.ts';
import { type EntriesOfWallet, entriesOfWallet } from '../queries/entriesOfWallet.ts';
import { profilesOf } from '../queries/profilesOf.ts';
import { readDeadLetter } from '../queries/readDeadLetter.ts';
import { readEntry } from '../queries/readEntry.ts';
import { readOrder } from '../queries/readOrder.ts';
import { type Pair, readPair } from '../queries/readPair.ts';
import { readSettlement, type Settlement } from '../queries/readSettlement.ts';
import type { ServingRow } from '../queries/rowText.ts';
import { type WindowOfRow, windowOfRow } from '../queries/windowOfRow.ts';

/** A row of a serving table, and where it came from. */
export interface RowFacts extends ServingRow {
  /** Name of its hub. */
  readonly topic: string;
  /** That its batch was read with; none where that is no longer known. */
  readonly profiles: readonly string[];
  /** The window of time that it lies in, where its source has counted one. */
  readonly window: WindowOfRow | undefined;
}

/** A payment: what has one `related_id`. */
export interface PaymentFacts {
  readonly id: string;
  readonly order: RowFacts | undefined;
  readonly pair: Pair | undefined;
  readonly settlement: Settlement | undefined;
  readonly entries: EntriesOfPayment;
}

export interface DeadLetterFacts {
  /** All but payload and, for who may not see it, key. */
  readonly columns: Readonly<Record<string, unknown>>;
  readonly advice: string | undefined;
  /** What a replay would come to; `undefined` where it is resolved. */
  readonly replay: string | undefined;
}

/** All that is known of an id: it may be several things at once. */
export interface Facts {
  readonly id: string;
  readonly entry: RowFacts | undefined;
  /** That the id names, or that its entry belongs to. */
  readonly payment: PaymentFacts | undefined;
  readonly wallet: EntriesOfWallet | undefined;
  readonly deadLetter: DeadLetterFacts | undefined;
  readonly deadLettersOfKey: readonly ListedDeadLetter[];
}

export interface Asking {
  readonly settings: OperatorSettings;
  readonly database: pg.Pool;
  readonly seesUserIds: boolean;
  /** In the language of who asks. */
  readonly texts: Texts;
}

/** Reads what is known of an id; everything is found by an index, and nothing grows with a group of entries. */
export async function factsOf(asking: Asking, id: string): Promise<Facts> {
  const { settings, database } = asking;
  const [entry, own, wallet, deadLetter, letters] = await Promise.all([
    readEntry(database, id),
    paymentFacts(asking, id),
    entriesOfWallet(database, id),
    deadLetterFacts(asking, id),
    deadLettersOfKey(database, keysOf(id)),
  ]);
  const relatedId = entry?.columns['related_id'] ?? undefined;
  return {
    id,
    entry: entry && (await rowFacts(database, settings.topics.ledger, entry)),
    payment: own ?? (relatedId === undefined ? undefined : await paymentFacts(asking, relatedId)),
    wallet,
    deadLetter,
    deadLettersOfKey: letters,
  };
}

/** An id as a broker's key: as it is, and as a converter of Kafka Connect writes it. */
function keysOf(id: string): string[] {
  const inJson = ['tx_id', 'order_id', 'payment_order_id'].map((name) => JSON.stringify({ [name]: id }));
  return [id, JSON.stringify(id), ...inJson];
}

async function paymentFacts(
  { settings, database, seesUserIds }: Asking,
  id: string,
): Promise<PaymentFacts | undefined> {
  const [order, pair, settlement, entries] = await Promise.all([
    readOrder(database, id, seesUserIds),
    readPair(database, id),
    readSettlement(database, id),
    entriesOfPayment(database, id),
  ]);
  if (order === undefined && pair === undefined && entries.kinds.length === 0) return undefined;
  return {
    id,
    order: order && (await rowFacts(database, settings.topics.payment_order, order)),
    pair,
    settlement,
    entries,
  };
}

async function rowFacts(database: pg.Pool, topic: string, row: ServingRow): Promise<RowFacts> {
  const { partition, ingestedAt } = row.source;
  const [profiles, window] = await Promise.all([
    profilesOf(database, topic, partition, ingestedAt),
    windowOfRow(database, topic, row.columns['created_at']!),
  ]);
  return { ...row, topic, profiles, window };
}

async function deadLetterFacts(asking: Asking, id: string): Promise<DeadLetterFacts | undefined> {
  if (!/^\d{1,15}$/.test(id)) return undefined;
  const found = await readDeadLetter(asking.database, Number(id));
  if (found === undefined) return undefined;
  const { key, ...columns } = found.columns;
  return {
    columns: { ...columns, key: key === null || asking.seesUserIds ? key : '(hidden: role bo_user_ids)' },
    advice: adviceOn(asking.texts, columns['error'] as string, columns['error_detail'] as string),
    replay:
      columns['resolved_at'] === null ? await replayOutcome(asking, Number(id), columns['error']) : undefined,
  };
}

/** What a replay would come to now, tried by the replay's own code. */
async function replayOutcome(asking: Asking, id: number, reason: unknown): Promise<string> {
  const say = sayer(asking.texts.explain);
  const outcome = (await tryReplays(asking, [id])).get(id);
  switch (outcome?.kind) {
    case undefined:
      return say('resolvedNow');
    case 'not tried':
      return say('notTried', { because: outcome.because });
    case 'left alone':
      return say('leftAlone');
    case 'refused':
      return say('refused', { error: outcome.error, detail: outcome.detail });
    case 'stored':
      return reason === 'rejected_by_database'
        ? say('maybeStored', { id })
        : say('stored', { id, attempts: MAX_ATTEMPTS });
  }
}
