import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import type { ContractField } from '../../shared/contracts/profile.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { type IngestSettings, ingestRules } from '../../shared/ingest/rules.ts';
import type { ExampleCase, ExpectedMessage, Row } from '../../tools/contracts/examples.ts';
import { exampleBody } from '../../tools/contracts/examples.ts';
import { CANONICAL_SETTINGS, Partition } from '../../tools/proof/exampleEvents.ts';
import type { TestDatabase } from '../support/database.ts';

const RECORDS: Readonly<Record<LogicalTopic, string>> = {
  ledger: 'bo.ledger_entries',
  payment_order: 'bo.payment_orders',
  pair: 'sync.pair_confirmations',
  control: 'sync.source_totals',
};
/** Where and when a record came from is not the message's own, nor when a total is compared. */
const NOT_OF_THE_MESSAGE = [
  ...['source_enqueued_at', 'source_partition', 'source_sequence', 'ingested_at'],
  ...['due_at', 'attempts'],
];

/** How the cases are sent, where it is not one message after the other to the sync as it is. */
interface Conditions {
  /** The messages of a case in one batch: then only the rows can be told. */
  readonly together?: boolean;
  readonly settings?: IngestSettings;
  /** Reads one field otherwise. */
  readonly fields?: (field: ContractField) => ContractField;
}

/**
 * What the ingest makes of these cases, in the form in which they say what they expect. Each case has a partition of its
 * own.
 */
export async function observe(
  database: TestDatabase,
  cases: readonly ExampleCase[],
  { together = false, settings = CANONICAL_SETTINGS, fields = (field) => field }: Conditions = {},
): Promise<ExampleCase[]> {
  const observed: ExampleCase[] = [];
  for (const [number, one] of cases.entries()) {
    const asIs = ingestRules<LogicalTopic>(settings, database.pool, one.topic);
    const rules = { ...asIs, contract: { ...asIs.contract, fields: asIs.contract.fields.map(fields) } };
    const partition = new Partition(number);
    const events = one.messages.map(({ file }) => partition.event(exampleBody(file)));
    const messages: ExpectedMessage[] = [];
    if (together) await ingest(rules, events);
    for (const [index, { file }] of together ? [] : one.messages.entries()) {
      const { outcomes, rejected } = await ingest(rules, [events[index]!]);
      const outcome = Object.entries(outcomes).find(([, count]) => count === 1)![0];
      const { reason: error, detail } = rejected[0]?.rejection ?? {};
      messages.push({ file, outcome, ...(error !== undefined && { error, detail }) } as ExpectedMessage);
    }
    const rows = await rowsOf(database, one.topic, number);
    const settled = 'bo.payment_settlements' in one.rows ? await settlementsOf(database, number) : {};
    observed.push({ ...one, messages, rows: { ...rows, ...settled } });
  }
  return observed;
}

/** The rows that a case left: its records, and the pairs that they belong to. */
async function rowsOf(
  { rows }: TestDatabase,
  topic: LogicalTopic,
  partition: number,
): Promise<ExampleCase['rows']> {
  const records = await rows(`SELECT * FROM ${RECORDS[topic]} WHERE source_partition = $1 ORDER BY 1`, [
    partition,
  ]);
  const orders = records.map((row) => row['related_id'] ?? row['payment_order_id'] ?? null);
  const pairs = await rows(
    `SELECT payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
       event_time, pairing_status, mismatch
     FROM bo.payment_ledger_pairs WHERE payment_order_id = ANY ($1) ORDER BY 1`,
    [orders],
  );
  return {
    ...(records.length > 0 && { [RECORDS[topic]]: records.map(ofTheMessage) }),
    ...(pairs.length > 0 && { 'bo.payment_ledger_pairs': pairs }),
  };
}

/** What the entries of a case come to, where it is about that. */
async function settlementsOf({ rows }: TestDatabase, partition: number): Promise<ExampleCase['rows']> {
  const settlements = await rows(
    `SELECT * FROM bo.payment_settlements WHERE payment_order_id IN (
       SELECT related_id FROM bo.ledger_entries WHERE source_partition = $1) ORDER BY 1`,
    [partition],
  );
  return { 'bo.payment_settlements': settlements };
}

function ofTheMessage(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !NOT_OF_THE_MESSAGE.includes(column)));
}
