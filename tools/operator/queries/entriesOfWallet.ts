import type pg from 'pg';
import { LISTED_ENTRY, type ListedEntry } from './entriesOfPayment.ts';

export interface EntriesOfWallet {
  readonly entries: number;
  /** There are more than were counted. */
  readonly isCut: boolean;
  /** The newest first. */
  readonly latest: readonly (ListedEntry & { readonly related_id: string | null })[];
  readonly first: string;
}

const MOST_COUNTED = 100_000;
const LISTED = 8;

/** The entries of a wallet: how many, when the first was, and the latest few; `undefined` where it has none. */
export async function entriesOfWallet(
  database: pg.Pool,
  walletId: string,
): Promise<EntriesOfWallet | undefined> {
  const { rows } = await database.query<Omit<EntriesOfWallet, 'isCut'>>(
    `SELECT (SELECT count(*) FROM (SELECT FROM bo.ledger_entries WHERE wallet_id = $1 LIMIT $2) e)::float8 AS entries,
       (SELECT event_time AT TIME ZONE 'UTC' || 'Z' FROM bo.ledger_entries WHERE wallet_id = $1 ORDER BY event_time LIMIT 1) AS first,
       coalesce((SELECT json_agg(json_build_object(${LISTED_ENTRY}, 'related_id', related_id) ORDER BY event_time DESC, tx_id)
         FROM (SELECT * FROM bo.ledger_entries WHERE wallet_id = $1 ORDER BY event_time DESC, tx_id LIMIT $3) l), '[]') AS latest`,
    [walletId, MOST_COUNTED, LISTED],
  );
  const [found] = rows;
  return found!.entries === 0 ? undefined : { ...found!, isCut: found!.entries === MOST_COUNTED };
}
