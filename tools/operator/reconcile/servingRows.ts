import { type DumpTopic, type FieldKind, STORED_FIELDS } from '../../../shared/contracts/fields.ts';
import type { RecordOf } from '../../../shared/contracts/records.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import { TABLE_OF } from '../../../shared/store/tableOf.ts';

/** The serving table of a topic: its key, and when its rows happened (SPEC 9, freshness). */
export const SERVING_TABLE = {
  ledger: { table: TABLE_OF.ledger, key: 'tx_id', time: 'event_time' },
  payment_order: { table: TABLE_OF.payment_order, key: 'order_id', time: 'coalesce(updated_at, created_at)' },
} as const satisfies Record<DumpTopic, { table: string; key: string; time: string }>;

const micros = (column: string) => `(extract(epoch FROM t.${column}) * 1000000)::bigint AS ${column}`;

/** Columns of a serving row `t`, exact: amounts as text, times in microseconds. */
export function servingColumns(topic: DumpTopic): string {
  const columns = STORED_FIELDS[topic].map(({ column, kind }) =>
    kind === 'timestamp' ? micros(column) : `t.${column}`,
  );
  return [...columns, micros('source_enqueued_at'), 't.source_partition', 't.source_sequence'].join(', ');
}

/** What the driver makes of such a row: bigint and numeric arrive as text. */
export type ServingRow = Readonly<Record<string, string | null>>;

/** A serving row as the record that it was made from. */
export function positionedOf<T extends DumpTopic>(topic: T, row: ServingRow): Positioned<T> {
  return {
    record: recordOf(topic, row),
    position: {
      enqueuedAt: Number(row['source_enqueued_at']),
      partition: Number(row['source_partition']),
      sequenceNumber: Number(row['source_sequence']),
    },
  };
}

function recordOf<T extends DumpTopic>(topic: T, row: ServingRow): RecordOf<T> {
  const record: Record<string, unknown> = {};
  for (const { member, column, kind } of STORED_FIELDS[topic]) {
    const text = row[column] ?? null;
    record[member] = text === null ? null : typedValue(kind, text);
  }
  return record as RecordOf<T>;
}

function typedValue(kind: FieldKind, text: string): unknown {
  if (kind === 'timestamp') return Number(text);
  return kind === 'version' ? BigInt(text) : text;
}
