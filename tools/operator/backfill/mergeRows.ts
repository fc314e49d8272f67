import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import { WRITE_ROW } from '../../../shared/store/batchParameters.ts';
import { encodeCompositeArray } from '../../../shared/store/binaryFormat.ts';
import { FUNCTIONS_SCHEMA } from '../../../shared/store/release.ts';

export interface MergeBatch<T extends DumpTopic> {
  readonly topic: T;
  /** The profile puts `version` before `updated_at`. */
  readonly versionFirst: boolean;
  /** One a key, sorted by key. */
  readonly rows: readonly Positioned<T>[];
  /** Lines that lost against one of the rows. */
  readonly lost: { readonly stale: number; readonly duplicate: number; readonly conflict: number };
  readonly backfillId: string;
  /** The lines that are done with this batch, both included. */
  readonly lines: { readonly from: number; readonly to: number };
  /** Lines that only the database refuses. */
  readonly refused: readonly { readonly line: number; readonly state: string }[];
}

const CALL = { ledger: 'backfill_ledger', payment_order: 'backfill_orders' } as const;

/** Merges rows as the stream does and moves their backfill on, in one statement, so in one transaction. */
export async function mergeRows<T extends DumpTopic>(
  database: pg.Pool | pg.ClientBase,
  { topic, versionFirst, rows, lost, backfillId, lines, refused }: MergeBatch<T>,
): Promise<void> {
  const call = CALL[topic];
  await database.query({
    name: call,
    text: `SELECT ${FUNCTIONS_SCHEMA}.${call}($1, $2, $3, int8range($4, $5, '[]'), $6, $7, $8, $9)`,
    values: [
      versionFirst,
      encodeCompositeArray(WRITE_ROW[topic], rows),
      backfillId,
      lines.from,
      lines.to,
      lost.stale,
      lost.duplicate,
      lost.conflict,
      JSON.stringify(refused),
    ],
  });
}
