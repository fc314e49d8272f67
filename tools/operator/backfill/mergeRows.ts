import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import { type BatchHeader, WRITE_ROW, writeHeader } from '../../../shared/store/batchParameters.ts';
import { encodeComposite, encodeCompositeArray } from '../../../shared/store/binaryFormat.ts';

export interface MergeBatch<T extends DumpTopic> {
  readonly topic: T;
  readonly header: BatchHeader;
  /** One a key, sorted by key. */
  readonly rows: readonly Positioned<T>[];
  readonly backfillId: string;
  /** The lines that are done with this batch, both included. */
  readonly lines: { readonly from: number; readonly to: number };
  /** Lines that only the database refuses. */
  readonly refused: readonly { readonly line: number; readonly state: string }[];
}

const CALL = { ledger: 'backfill_ledger_v1', payment_order: 'backfill_orders_v1' } as const;

/** Merges rows as the stream does and moves their backfill on, in one statement, so in one transaction. */
export async function mergeRows<T extends DumpTopic>(
  database: pg.Pool | pg.ClientBase,
  { topic, header, rows, backfillId, lines, refused }: MergeBatch<T>,
): Promise<void> {
  const call = CALL[topic];
  await database.query({
    name: call,
    text: `SELECT sync.${call}($1, $2, $3, int8range($4, $5, '[]'), $6)`,
    values: [
      encodeComposite(writeHeader, header),
      encodeCompositeArray(WRITE_ROW[topic], rows),
      backfillId,
      lines.from,
      lines.to,
      JSON.stringify(refused),
    ],
  });
}
