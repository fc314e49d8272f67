import type pg from 'pg';
import { type Model, moneyText, type Row } from './model.ts';

/** A difference between a table and the model; at most the first few are shown, with their keys. */
export interface Mismatches {
  readonly count: number;
  readonly examples: readonly string[];
}

const MAX_EXAMPLES = 10;

const KEY = {
  ledger_entries: 'tx_id',
  payment_orders: 'order_id',
  payment_ledger_pairs: 'payment_order_id',
  payment_settlements: 'payment_order_id',
} as const;

export type Table = keyof typeof KEY;

/** Compares every row and every column of the serving tables and the dead letters, in both directions. */
export async function compareWithModel(
  client: pg.ClientBase,
  expected: Model,
  topics: Readonly<Record<string, string>>,
): Promise<Mismatches> {
  const differences: string[] = [];
  for (const table of Object.keys(KEY) as Table[]) {
    const rows = expected.tables[table];
    const found = await tableRows(client, table, rows);
    differences.push(...rowDifferences(table, rows, found));
    for (const key of found.keys()) if (!rows.has(key)) differences.push(`${table} ${key}: unexpected`);
  }
  differences.push(...(await deadLetterDifferences(client, expected.deadLetters, topics)));
  return { count: differences.length, examples: differences.slice(0, MAX_EXAMPLES) };
}

/** Compares the rows of these keys alone: what else the table holds is not looked at. */
export async function compareRows(
  client: pg.ClientBase,
  table: Table,
  expected: ReadonlyMap<string, Row>,
): Promise<string[]> {
  return rowDifferences(table, expected, await tableRows(client, table, expected, [...expected.keys()]));
}

function rowDifferences(
  table: Table,
  expected: ReadonlyMap<string, Row>,
  found: ReadonlyMap<string, Row>,
): string[] {
  return [...expected].flatMap(([key, row]) => {
    const actual = found.get(key);
    if (actual === undefined) return [`${table} ${key}: missing`];
    const wrong = Object.keys(row).filter((column) => actual[column] !== row[column]);
    if (wrong.length === 0) return [];
    const detail = wrong.map((column) => `${column} is ${actual[column]}, not ${row[column]}`).join('; ');
    return [`${table} ${key}: ${detail}`];
  });
}

/** A table's rows in the model's form, by key: all, or those of these keys. */
async function tableRows(
  client: pg.ClientBase,
  table: Table,
  model: ReadonlyMap<string, Row>,
  keys: readonly string[] | null = null,
): Promise<Map<string, Row>> {
  const [example] = model.values();
  const columns = Object.keys(example ?? { [KEY[table]]: null });
  const types = await client.query<{ column_name: string; data_type: string }>(
    `SELECT column_name, data_type FROM information_schema.columns
     WHERE table_schema = 'bo' AND table_name = $1`,
    [table],
  );
  const typeOf = new Map(types.rows.map((row) => [row.column_name, row.data_type]));
  const selected = columns.map((column) =>
    typeOf.get(column)?.startsWith('timestamp')
      ? `(extract(epoch FROM ${column}) * 1000000)::bigint::text AS ${column}`
      : `${column}::text AS ${column}`,
  );
  const result = await client.query<Record<string, string | null>>(
    `SELECT ${selected.join(', ')} FROM bo.${table} WHERE $1::text[] IS NULL OR ${KEY[table]} = ANY ($1)`,
    [keys],
  );
  return new Map(
    result.rows.map((row) => {
      const normalised = { ...row };
      for (const column of columns) {
        const value = row[column];
        if (typeOf.get(column) === 'numeric' && value) normalised[column] = moneyText(value);
      }
      return [row[KEY[table]]!, normalised];
    }),
  );
}

export async function deadLetterDifferences(
  client: pg.ClientBase,
  expected: Model['deadLetters'],
  topics: Readonly<Record<string, string>>,
): Promise<string[]> {
  const logicalTopic = new Map(Object.entries(topics).map(([logical, topic]) => [topic, logical]));
  const result = await client.query<{ topic: string; position: string; error: string }>(
    `SELECT topic, partition || '/' || sequence_number || '@' || floor(extract(epoch FROM enqueued_at) * 1000) AS position,
       error FROM bo.consumer_dlq_events
     WHERE resolved_at IS NULL`,
  );
  const found = new Map(
    result.rows.map((row) => [`${logicalTopic.get(row.topic) ?? row.topic}/${row.position}`, row.error]),
  );
  const differences: string[] = [];
  for (const [position, reason] of expected) {
    const actual = found.get(position);
    if (actual === undefined || (reason !== '*' && actual !== reason)) {
      differences.push(`dead letter ${position}: ${actual ?? 'missing'}, not ${reason}`);
    }
  }
  for (const [position, reason] of found) {
    if (!expected.has(position)) differences.push(`dead letter ${position}: unexpected ${reason}`);
  }
  return differences;
}
