import type pg from 'pg';
import type { RecordTopic } from '../../shared/contracts/fields.ts';
import type { HostileMessage } from './message.ts';

/** A message and where the broker put it. */
export interface PlacedMessage {
  readonly message: HostileMessage;
  readonly body: Buffer;
  readonly partition: number;
  readonly sequenceNumber: number;
}

const TABLE: Readonly<Record<RecordTopic, string>> = {
  ledger: 'bo.ledger_entries',
  payment_order: 'bo.payment_orders',
  pair: 'sync.pair_confirmations',
};

type Row = Readonly<Record<string, string | null>>;
const AS_TEXT = { getTypeParser: () => (value: string | Buffer) => String(value) };

/** How the tables differ from what is expected of the messages, one line each; empty where all is right. */
export async function differences(
  database: pg.Pool | pg.ClientBase,
  topics: Readonly<Record<RecordTopic, string>>,
  placed: readonly PlacedMessage[],
): Promise<string[]> {
  const rowsOf = async (sql: string): Promise<Map<string, Row>> => {
    const result = await database.query<Record<string, string | null>>({ text: sql, types: AS_TEXT });
    return new Map(result.rows.map((row) => [row['position']!, row]));
  };
  const stored = new Map<string, Row>();
  for (const [topic, table] of Object.entries(TABLE)) {
    const position = `'${topic}/' || source_partition || '/' || source_sequence AS position`;
    for (const [at, row] of await rowsOf(`SELECT *, ${position} FROM ${table}`)) stored.set(at, row);
  }
  const letters = await rowsOf(
    `SELECT topic || '/' || partition || '/' || sequence_number AS position, error, error_detail,
       encode(payload, 'hex') AS payload FROM bo.consumer_dlq_events`,
  );
  return placed.flatMap((one) => {
    const { message, partition, sequenceNumber } = one;
    const row = stored.get(`${message.topic}/${partition}/${sequenceNumber}`);
    const letter = letters.get(`${topics[message.topic]}/${partition}/${sequenceNumber}`);
    const difference = differenceOf(one, row, letter);
    return difference === undefined ? [] : [`${message.topic}, ${message.name}: ${difference}`];
  });
}

function differenceOf(
  { message, body }: PlacedMessage,
  row: Row | undefined,
  letter: Row | undefined,
): string | undefined {
  const { expected } = message;
  if (row !== undefined && letter !== undefined) return 'it is both stored and a dead letter';
  if (letter !== undefined && letter['payload'] !== body.toString('hex')) return 'the payload is not exact';
  if ('reasonOrRow' in expected) {
    if (row !== undefined || letter?.['error'] === expected.reasonOrRow) return undefined;
    return `${letter?.['error'] ?? 'nothing'}, not stored or ${expected.reasonOrRow}`;
  }
  if ('reason' in expected) {
    if (letter === undefined) return `${row === undefined ? 'nothing' : 'stored'}, not ${expected.reason}`;
    const { reason, field } = expected;
    const detail = letter['error_detail'] ?? '';
    if (letter['error'] !== reason) return `${letter['error']} (${detail}), not ${reason}`;
    return field === undefined || detail.startsWith(`${field}: `)
      ? undefined
      : `the detail is "${detail}", about another field than ${field}`;
  }
  if (row === undefined) {
    return letter === undefined
      ? 'nothing, not stored'
      : `${letter['error']} (${letter['error_detail']}), not stored`;
  }
  const wrong = Object.entries(expected.row).filter(([column, value]) => row[column] !== value);
  return wrong.length === 0
    ? undefined
    : wrong.map(([column, value]) => `${column} is ${row[column]}, not ${value}`).join('; ');
}
