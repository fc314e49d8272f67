import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { RecordOf } from '../../../shared/contracts/records.ts';
import type { Microseconds } from '../../../shared/contracts/timestamp.ts';
import type { Money } from '../../../shared/contracts/values.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';

/** The serving table of a topic: its key, and when its rows happened (SPEC 9, freshness). */
export const SERVING_TABLE = {
  ledger: { table: 'bo.ledger_entries', key: 'tx_id', time: 'event_time' },
  payment_order: { table: 'bo.payment_orders', key: 'order_id', time: 'coalesce(updated_at, created_at)' },
} as const satisfies Record<DumpTopic, { table: string; key: string; time: string }>;

const micros = (column: string) => `(extract(epoch FROM t.${column}) * 1000000)::bigint AS ${column}`;
const COMMON = `${micros('updated_at')}, t.source_version, ${micros('occurred_at')}, t.schema_version,
  ${micros('source_enqueued_at')}, t.source_partition, t.source_sequence`;

/** Columns of a serving row `t`, exact: amounts as text, times in microseconds. */
export const SERVING_COLUMNS: Readonly<Record<DumpTopic, string>> = {
  ledger: `t.tx_id, t.wallet_id, t.entry_type, t.amount, t.amount_signed, t.related_id, t.related_type,
    ${micros('event_time')}, ${micros('created_at')}, ${COMMON}`,
  payment_order: `t.order_id, t.user_id, t.merchant_name, t.amount, t.status, ${micros('created_at')}, ${COMMON}`,
};

/** What the driver makes of such a row: bigint and numeric arrive as text. */
export type ServingRow = Readonly<Record<string, string | null>>;

/** A serving row as the record that it was made from. */
export function positionedOf<T extends DumpTopic>(topic: T, row: ServingRow): Positioned<T> {
  return {
    record: RECORD[topic](row) as RecordOf<T>,
    position: {
      enqueuedAt: Number(row['source_enqueued_at']),
      partition: Number(row['source_partition']),
      sequenceNumber: Number(row['source_sequence']),
    },
  };
}

const RECORD: { readonly [T in DumpTopic]: (row: ServingRow) => RecordOf<T> } = {
  ledger: (row) => ({
    txId: row['tx_id']!,
    walletId: row['wallet_id']!,
    entryType: row['entry_type']!,
    amount: row['amount'] as Money,
    amountSigned: row['amount_signed'] as Money | null,
    relatedId: row['related_id']!,
    relatedType: row['related_type']!,
    eventTime: Number(row['event_time']),
    createdAt: Number(row['created_at']),
    ...revisionOf(row),
  }),
  payment_order: (row) => ({
    orderId: row['order_id']!,
    userId: row['user_id']!,
    merchantName: row['merchant_name']!,
    amount: row['amount'] as Money,
    status: row['status']!,
    createdAt: Number(row['created_at']),
    ...revisionOf(row),
  }),
};

function revisionOf(row: ServingRow) {
  const version = row['source_version'] ?? null;
  return {
    updatedAt: time(row['updated_at']),
    version: version === null ? null : BigInt(version),
    occurredAt: time(row['occurred_at']),
    schemaVersion: row['schema_version'] ?? null,
  };
}

function time(text: string | null | undefined): Microseconds | null {
  return text === null || text === undefined ? null : Number(text);
}
