import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { missingNumbers } from '../../../shared/store/replay/missingNumbers.ts';
import { withConnection } from '../../../shared/store/withConnection.ts';
import { compareRows, type Table } from '../../proof/compare.ts';
import { model, type Row } from '../../proof/model.ts';
import type { DeadLetterOfRun } from '../queries/deadLettersOfRun.ts';
import { type E2eContext, type Logged, paymentOf } from './context.ts';

const POLL_MS = 250;

/** Waits until the deadline; returns the events that are still not processed. */
export async function untilProcessed(context: E2eContext, logged: readonly Logged[]): Promise<Logged[]> {
  const { timeoutMs, say, stopped } = context;
  const deadline = Date.now() + timeoutMs;
  for (let reported = Infinity; ; ) {
    const missing = await unprocessed(context, logged);
    if (missing.length === 0 || Date.now() > deadline || stopped.aborted) return missing;
    if (missing.length < reported)
      say(`${logged.length - missing.length} of ${logged.length} are processed.`);
    reported = missing.length;
    await delay(POLL_MS);
  }
}

async function unprocessed({ settings, database }: E2eContext, logged: readonly Logged[]): Promise<Logged[]> {
  const missing: Logged[] = [];
  for (const group of Map.groupBy(
    logged,
    ({ logicalTopic, partition }) => `${logicalTopic}/${partition}`,
  ).values()) {
    const { logicalTopic, partition } = group[0]!;
    const numbers = group.map(({ sequenceNumber }) => sequenceNumber);
    const range = { from: Math.min(...numbers), to: Math.max(...numbers) };
    const holes = await missingNumbers(database, settings.topics[logicalTopic], partition, range);
    const isMissing = (number: number) => holes.some(({ from, to }) => from <= number && number <= to);
    missing.push(...group.filter(({ sequenceNumber }) => isMissing(sequenceNumber)));
  }
  return missing;
}

export function notProcessed(
  missing: readonly Logged[],
  total: number,
  { settings, timeoutMs }: E2eContext,
): string {
  const byTopic = Map.groupBy(missing, ({ logicalTopic }) => settings.topics[logicalTopic]);
  const where = [...byTopic].map(([topic, events]) => `${topic} ${events.length}`).join(', ');
  return (
    `${missing.length} of ${total} events are not processed after ${timeoutMs / 1000} s (${where}): does the Function App run, ` +
    'with these hubs, and with this database?'
  );
}

/** The rows that the events of the run lead to, by the model. */
export async function expectedRows(
  { settings }: E2eContext,
  logged: readonly Logged[],
): Promise<Map<Table, Map<string, Row>>> {
  const expected = model(
    logged.map(({ logicalTopic, published, enqueuedAt, ...event }) => ({
      ...event,
      // Without the envelope of the profile.
      body: published.body,
      topic: logicalTopic,
      enqueuedAt: enqueuedAt / 1000,
      fault: published.fault,
    })),
  );
  const privacy = await settings.privacy.ready();
  const orders = [...expected.tables.payment_orders].map(([key, row]): [string, Row] => {
    const { user_id: id = null, source_enqueued_at: enqueuedAt } = row;
    return [key, { ...row, user_id: id === null ? null : privacy.userId(id, Number(enqueuedAt)) }];
  });
  return new Map<Table, Map<string, Row>>([
    ['ledger_entries', expected.tables.ledger_entries],
    ['payment_orders', new Map(orders)],
    ['payment_ledger_pairs', expected.tables.payment_ledger_pairs],
    ['payment_settlements', expected.tables.payment_settlements],
  ]);
}

const MAX_EXAMPLES = 5;

export async function wrongRows(
  database: pg.Pool,
  expected: ReadonlyMap<Table, ReadonlyMap<string, Row>>,
): Promise<string[]> {
  return withConnection(database, async (client) => {
    const failures: string[] = [];
    for (const [table, rows] of expected) {
      const wrong = await compareRows(client, table, rows);
      if (wrong.length === 0) continue;
      const examples = wrong.slice(0, MAX_EXAMPLES).join(' | ');
      failures.push(
        `${wrong.length} of ${rows.size} rows of ${table} are not what the events say: ${examples}`,
      );
    }
    return failures;
  });
}

export function wrongDeadLetters(
  { settings }: E2eContext,
  logged: readonly Logged[],
  letters: readonly DeadLetterOfRun[],
): string[] {
  const position = (topic: string, partition: number, number: number) => `${topic} ${partition}/${number}`;
  const found = new Map(
    letters.map(({ topic, partition, sequenceNumber, error }) => [
      position(topic, partition, sequenceNumber),
      error,
    ]),
  );
  const wrong: string[] = [];
  for (const { logicalTopic, partition, sequenceNumber, published } of logged) {
    const at = position(settings.topics[logicalTopic], partition, sequenceNumber);
    const actual = found.get(at);
    if (actual === published.fault) continue;
    wrong.push(`${at} is ${actual ?? 'no dead letter'}, not ${published.fault ?? 'stored'}`);
  }
  if (wrong.length === 0) return [];
  return [
    `${wrong.length} dead letters are not as they should be: ${wrong.slice(0, MAX_EXAMPLES).join(' | ')}`,
  ];
}

/** How many payments had their two entries on different partitions. */
export function splitPairs(logged: readonly Logged[]): number {
  const partitions = new Map<string, Set<number>>();
  for (const { logicalTopic, partition, published } of logged) {
    if (logicalTopic !== 'ledger') continue;
    const payment = paymentOf(published.key!);
    partitions.set(payment, (partitions.get(payment) ?? new Set()).add(partition));
  }
  return [...partitions.values()].filter(({ size }) => size > 1).length;
}
