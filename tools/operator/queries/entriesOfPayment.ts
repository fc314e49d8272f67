import type pg from 'pg';

/** How many entries of a kind a payment has. */
export interface EntryKind {
  readonly entry_type: string;
  readonly entries: number;
  readonly amount: string;
}

/** An entry in a list. */
export interface ListedEntry {
  readonly tx_id: string;
  readonly wallet_id: string;
  readonly entry_type: string;
  readonly amount: string;
  readonly event_time: string;
}

/** The members of a {@link ListedEntry}, for json_build_object. */
export const LISTED_ENTRY = `'tx_id', tx_id, 'wallet_id', wallet_id, 'entry_type', entry_type, 'amount', amount::text,
  'event_time', event_time AT TIME ZONE 'UTC' || 'Z'`;

export interface EntriesOfPayment {
  readonly kinds: readonly EntryKind[];
  /** The earliest and the latest, in order; all of them where there are few. */
  readonly first: readonly ListedEntry[];
  readonly last: readonly ListedEntry[];
  /** No more than {@link MOST_COUNTED} were looked at. */
  readonly isCut: boolean;
}

/** A group may be large by mistake (SPEC 5): nobody waits for all of it. */
export const MOST_COUNTED = 300_000;
const LISTED = 4;

/** The entries with this `related_id`: counted by kind, and the first and last few. */
export async function entriesOfPayment(database: pg.Pool, relatedId: string): Promise<EntriesOfPayment> {
  const { rows } = await database.query<{ kinds: EntryKind[]; first: ListedEntry[]; last: ListedEntry[] }>(
    `WITH entries AS MATERIALIZED (
       SELECT tx_id, wallet_id, entry_type, amount, event_time FROM bo.ledger_entries WHERE related_id = $1 LIMIT $2
     ), first AS (
       SELECT * FROM entries ORDER BY event_time, tx_id LIMIT $3
     ), last AS (
       SELECT * FROM (SELECT * FROM entries ORDER BY event_time DESC, tx_id DESC LIMIT $3) l
       WHERE tx_id NOT IN (SELECT tx_id FROM first)
     )
     SELECT
       coalesce((SELECT json_agg(k ORDER BY entry_type) FROM (
         SELECT entry_type, count(*) AS entries, sum(amount)::text AS amount FROM entries GROUP BY entry_type) k), '[]') AS kinds,
       coalesce((SELECT json_agg(json_build_object(${LISTED_ENTRY}) ORDER BY event_time, tx_id) FROM first), '[]') AS first,
       coalesce((SELECT json_agg(json_build_object(${LISTED_ENTRY}) ORDER BY event_time, tx_id) FROM last), '[]') AS last`,
    [relatedId, MOST_COUNTED, LISTED],
  );
  const [found] = rows;
  const counted = found!.kinds.reduce((sum, { entries }) => sum + entries, 0);
  return { ...found!, isCut: counted === MOST_COUNTED };
}
