import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import { WRITE_ROW } from '../../../shared/store/batchParameters.ts';
import { encodeCompositeArray } from '../../../shared/store/binaryFormat.ts';
import { FUNCTIONS_SCHEMA } from '../../../shared/store/release.ts';

/** What became of lines that are no row of their batch, and of how many lines there were. */
export interface LineCounts {
  readonly read: number;
  readonly outside: number;
  readonly rejected: number;
}

export interface MergeBatch<T extends DumpTopic> {
  readonly topic: T;
  /** The profile puts `version` before `updated_at`. */
  readonly versionFirst: boolean;
  /** One a key, sorted by key. */
  readonly rows: readonly Positioned<T>[];
  /** The first attempt does not look whether a key is known. */
  readonly expectNew: boolean;
  /** And the lines that lost against one of the rows. */
  readonly counts: LineCounts & {
    readonly stale: number;
    readonly duplicate: number;
    readonly conflict: number;
  };
  readonly backfillId: string;
  /** The lines that are done with this batch, both included. */
  readonly lines: { readonly from: number; readonly to: number };
  /** Lines that only the database refuses. */
  readonly refused: readonly { readonly line: number; readonly state: string }[];
}

const CALL = { ledger: 'backfill_ledger', payment_order: 'backfill_orders' } as const;

/**
 * Merges rows as the stream does and moves their backfill on, in one statement, so in one transaction. Returns whether all
 * of them were new.
 */
export async function mergeRows<T extends DumpTopic>(
  database: pg.Pool | pg.ClientBase,
  { topic, versionFirst, rows, expectNew, counts, backfillId, lines, refused }: MergeBatch<T>,
): Promise<boolean> {
  const call = CALL[topic];
  const result = await database.query<{ all_new: boolean }>({
    name: call,
    text: `SELECT ${FUNCTIONS_SCHEMA}.${call}($1, $2, $3, $4, int8range($5, $6, '[]'), $7, $8) AS all_new`,
    values: [
      versionFirst,
      encodeCompositeArray(WRITE_ROW[topic], rows),
      expectNew,
      backfillId,
      lines.from,
      lines.to,
      JSON.stringify(counts),
      JSON.stringify(refused),
    ],
  });
  return result.rows[0]!.all_new;
}
