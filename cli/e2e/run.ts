import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { compareRows, type Table } from '../../local/check/compare.ts';
import { model, type Row } from '../../local/check/model.ts';
import { inEnvelope } from '../../local/synthetic/envelope.ts';
import type { SyntheticEvent } from '../../local/synthetic/payments.ts';
import type { Publisher } from '../../local/synthetic/publish.ts';
import { Random } from '../../local/synthetic/random.ts';
import { scenarioEvents } from '../../local/synthetic/scenarios.ts';
import { LOGICAL_TOPICS, type LogicalTopic } from '../../shared/contracts/fields.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import type { HeldNumbers, HubReader } from '../../shared/replay/hubReader.ts';
import type { OperatorSettings } from '../../shared/settings/settings.ts';
import { type DeadLetterOfRun, deadLettersOfRun } from '../../shared/store/operator/deadLettersOfRun.ts';
import { recordAction } from '../../shared/store/operator/recordAction.ts';
import { removeSynthetic, type SyntheticRows } from '../../shared/store/operator/removeSynthetic.ts';
import { type Delays, visibleAfter } from '../../shared/store/operator/visibleAfter.ts';
import { missingNumbers } from '../../shared/store/replay/missingNumbers.ts';

/** The situations that an environment has to get right before its package goes on. */
export const GATE_SCENARIOS = [
  'happy',
  'duplicate',
  'out-of-order',
  'malformed',
  'late-order',
  'confirmed',
] as const;

/** Hosts, with ports where they are named, and the name of the database. */
export interface TestedEnvironment {
  readonly event_hubs: string;
  readonly database: string;
}

export interface E2eContext {
  readonly settings: OperatorSettings;
  readonly database: pg.Pool;
  readonly hub: HubReader;
  readonly publisher: Publisher;
  /** `e2e-` and 8 to 32 digits and lower-case letters: part of every key and correlation id. */
  readonly run: string;
  readonly seed: number;
  /** Of each scenario. */
  readonly events: number;
  readonly timeoutMs: number;
  /** Limits of what is accepted. */
  readonly maxVisibleMs: number;
  readonly maxLag: number;
  /** Rows stay, to be looked at. */
  readonly keep: boolean;
  readonly environment: TestedEnvironment;
  /** For the audit log. */
  readonly actor: string;
  readonly say: (text: string) => void;
  readonly stopped: AbortSignal;
}

export interface E2eResult {
  readonly ok: boolean;
  /** Each promise that was not kept, in a sentence. */
  readonly failures: readonly string[];
  readonly run_id: string;
  readonly environment: TestedEnvironment;
  readonly seed: number;
  readonly started_at: string;
  readonly finished_at: string;
  readonly published: number;
  readonly processed: number;
  readonly rows_compared: number;
  readonly dead_letters: number;
  /** Payments whose two entries came from different partitions. */
  readonly split_pairs: number;
  /** Events behind the end of the hubs when all of the run was processed. */
  readonly lag: number;
  readonly visible_after_ms: Delays;
  readonly removed: number;
}

/** An event of the run where it lies in the hub. */
interface Logged extends BrokerEvent {
  readonly logicalTopic: LogicalTopic;
  readonly published: SyntheticEvent;
}

const POLL_MS = 250;
const AT_ONCE = 16;

/**
 * Publishes synthetic payments under an id of their own, waits until they are processed, holds tables and dead letters
 * against the model, looks at lag and freshness, and takes away what it made. Real traffic beside it is not touched and
 * not looked at.
 *
 * @throws where hubs or database cannot be reached; what was made is taken away first, as far as it can be.
 */
export async function runE2e(context: E2eContext): Promise<E2eResult> {
  const { run, seed, database, say } = context;
  const startedAt = new Date();
  const failures: string[] = [];
  const before = await heldByAll(context);
  const published = await publish(context);
  if (context.stopped.aborted) failures.push(`it was stopped after ${published.size} events`);
  say(`${published.size} events are published; waiting until they are processed ...`);
  const logged = await readBack(context, before, published);
  if (logged.length !== published.size) {
    failures.push(`the hubs hold ${logged.length} of the ${published.size} events that they accepted`);
  }
  const made = rowsOf(run, logged);
  try {
    const missing = await untilProcessed(context, logged);
    if (missing.length > 0) failures.push(notProcessed(missing, logged.length, context));
    const letters = await deadLettersOfRun(database, run, new Date(startedAt.getTime() - 60_000));
    made.deadLetters.push(...letters.map(({ id }) => id));
    const rows = await expectedRows(context, logged);
    // What was not processed is missing everywhere, which says nothing more.
    if (missing.length === 0) {
      failures.push(...(await wrongRows(database, rows)), ...wrongDeadLetters(context, logged, letters));
    }
    const visible = await visibleAfter(database, made.ledgerKeys, made.orderKeys);
    if (visible.p95 !== null && visible.p95 > context.maxVisibleMs) {
      failures.push(
        `a row is visible ${Math.round(visible.p95)} ms after its event was enqueued (p95), not within ${context.maxVisibleMs} ms`,
      );
    }
    const lag = missing.length > 0 ? await lagOf(context) : await untilCaughtUp(context);
    if (lag > context.maxLag) failures.push(`the lag is ${lag} events, not ${context.maxLag} at most`);
    const split = splitPairs(logged);
    if (split === 0 && before.filter(({ topic }) => topic === 'ledger').length > 1) {
      failures.push('no payment had its two entries on different partitions: publish more events');
    }
    const removed = context.keep ? 0 : await remove(context, made);
    return {
      ok: failures.length === 0,
      failures,
      ...{
        run_id: run,
        environment: context.environment,
        seed,
        started_at: startedAt.toISOString(),
        finished_at: new Date().toISOString(),
      },
      ...{ published: published.size, processed: logged.length - missing.length },
      rows_compared: [...rows.values()].reduce((sum, table) => sum + table.size, 0),
      ...{ dead_letters: letters.length, split_pairs: split, lag, visible_after_ms: visible, removed },
    };
  } catch (error) {
    if (!context.keep) await remove(context, made).catch(() => {});
    throw error;
  }
}

interface Held extends HeldNumbers {
  readonly topic: LogicalTopic;
}

function usedTopics({ settings }: E2eContext): LogicalTopic[] {
  return LOGICAL_TOPICS.filter((topic) => settings.topics[topic] !== '');
}

async function heldByAll(context: E2eContext): Promise<Held[]> {
  const { settings, hub } = context;
  const ofTopic = async (topic: LogicalTopic) => {
    const held = await hub.heldNumbers(settings.topics[topic]);
    return held.map((numbers) => ({ ...numbers, topic }));
  };
  return (await Promise.all(usedTopics(context).map(ofTopic))).flat();
}

/** By correlation id. */
async function publish(context: E2eContext): Promise<Map<string, SyntheticEvent>> {
  const { publisher, settings, seed, run, events, stopped } = context;
  const published = new Map<string, SyntheticEvent>();
  for (const [index, scenario] of GATE_SCENARIOS.entries()) {
    let left = events;
    for (const event of scenarioEvents(scenario, new Random(seed + index), run, () => Date.now())) {
      if (left-- === 0 || stopped.aborted) break;
      if (!publisher.takes(event)) continue;
      published.set(await publisher.publish(inEnvelope(event, settings.profile)), event);
    }
  }
  await publisher.flush();
  return published;
}

/** The events of the run from the hubs, with the positions that the broker gave them. */
async function readBack(
  context: E2eContext,
  before: readonly Held[],
  published: ReadonlyMap<string, SyntheticEvent>,
): Promise<Logged[]> {
  const { settings, hub } = context;
  const logged: Logged[] = [];
  const held = await heldByAll(context);
  const lastBefore = new Map(before.map(({ topic, partition, last }) => [`${topic}/${partition}`, last]));
  const read = async ({ topic, partition, last }: Held) => {
    const from = lastBefore.get(`${topic}/${partition}`)! + 1;
    if (last < from) return;
    await hub.read(settings.topics[topic], partition, { from, to: last }, async (events) => {
      for (const event of events) {
        const mine = published.get(event.correlationId ?? '');
        if (mine !== undefined) logged.push({ ...event, logicalTopic: topic, published: mine });
      }
      return true;
    });
  };
  // A hub takes some connections at once, not one for each of many partitions.
  for (let start = 0; start < held.length; start += AT_ONCE) {
    await Promise.all(held.slice(start, start + AT_ONCE).map(read));
  }
  return logged;
}

function rowsOf(run: string, logged: readonly Logged[]): SyntheticRows & { readonly deadLetters: string[] } {
  const keys = (topics: readonly LogicalTopic[]) => [
    ...new Set(
      logged
        .filter(({ logicalTopic }) => topics.includes(logicalTopic))
        .map(({ published }) => published.key!),
    ),
  ];
  const ledgerKeys = keys(['ledger']);
  // A payment that was cut in its middle has a pair, and no order.
  const orderKeys = [
    ...keys(['payment_order', 'pair']),
    ...ledgerKeys.map((key) => `order-${paymentOf(key)}`),
  ];
  return { run, ledgerKeys, orderKeys: [...new Set(orderKeys)], deadLetters: [] };
}

/** The payment that an entry is of, by its key. */
function paymentOf(ledgerKey: string): string {
  return ledgerKey.replace(/^tx-[^-]+-/, '');
}

/** Waits until the deadline; returns the events that are still not processed. */
async function untilProcessed(context: E2eContext, logged: readonly Logged[]): Promise<Logged[]> {
  const { timeoutMs, say, stopped } = context;
  const deadline = Date.now() + timeoutMs;
  for (let told = Infinity; ; ) {
    const missing = await unprocessed(context, logged);
    if (missing.length === 0 || Date.now() > deadline || stopped.aborted) return missing;
    if (missing.length < told) say(`${logged.length - missing.length} of ${logged.length} are processed.`);
    told = missing.length;
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

function notProcessed(
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

async function expectedRows(
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
  ]);
}

const MAX_EXAMPLES = 5;

async function wrongRows(
  database: pg.Pool,
  expected: ReadonlyMap<Table, ReadonlyMap<string, Row>>,
): Promise<string[]> {
  const client = await database.connect();
  try {
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
  } finally {
    client.release();
  }
}

function wrongDeadLetters(
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

async function lagOf(context: E2eContext): Promise<number> {
  const { settings, database } = context;
  let lag = 0;
  for (const { topic, partition, first, last } of await heldByAll(context)) {
    if (last < first) continue;
    const missing = await missingNumbers(database, settings.topics[topic], partition, {
      from: first,
      to: last,
    });
    const behind = missing.find(({ to }) => to === last);
    if (behind !== undefined) lag += behind.to - behind.from + 1;
  }
  return lag;
}

/** Real traffic beside the run may be on its way for a moment. */
async function untilCaughtUp(context: E2eContext): Promise<number> {
  for (const deadline = Date.now() + 10_000; ; ) {
    const lag = await lagOf(context);
    if (lag <= context.maxLag || Date.now() > deadline) return lag;
    await delay(POLL_MS);
  }
}

function splitPairs(logged: readonly Logged[]): number {
  const partitions = new Map<string, Set<number>>();
  for (const { logicalTopic, partition, published } of logged) {
    if (logicalTopic !== 'ledger') continue;
    const payment = paymentOf(published.key!);
    partitions.set(payment, (partitions.get(payment) ?? new Set()).add(partition));
  }
  return [...partitions.values()].filter(({ size }) => size > 1).length;
}

async function remove({ database, say, run, actor }: E2eContext, made: SyntheticRows): Promise<number> {
  const removed = await removeSynthetic(database, made);
  await recordAction(database, { actor, action: 'e2e', details: { run }, result: { removed } });
  say(`${removed} rows of the run are removed.`);
  return removed;
}
