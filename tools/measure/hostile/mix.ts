import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { RECORD_TOPICS, type RecordTopic } from '../../../shared/contracts/fields.ts';
import { ingest } from '../../../shared/ingest/ingest.ts';
import { openDatabase } from '../../../shared/store/database.ts';
import type { LoggedEvent } from '../../proof/brokerLog.ts';
import { compareWithModel } from '../../proof/compare.ts';
import { confirmation, entry, order, rulesFor, START } from '../../proof/exampleEvents.ts';
import { model } from '../../proof/model.ts';
import { crowdsAbove, expectNewKeysWhere, WRONG_CROWDS } from '../../proof/rulesUnderTest.ts';
import { Random } from '../../proof/synthetic/random.ts';
import { withClient } from '../../target/withClient.ts';

/**
 * The worst that concurrent writers can do to each other: a few keys, entries that move between a few pairs, batches in
 * any order, partitions that several writers have at once, batches that are delivered again while the first delivery
 * runs. In rounds: after each, every table is held against the model.
 */
export class HostileMix {
  readonly #url: string;
  readonly #random: Random;
  readonly #pool: pg.Pool;
  /** Over all rounds. */
  deliveries = 0;
  rounds = 0;

  constructor(url: string, seed: number) {
    this.#url = url;
    this.#random = new Random(seed);
    this.#pool = openDatabase({
      connection: { connectionString: url },
      poolSize: WRITERS,
      onIdleError: () => {},
    });
  }

  /** Runs a round of this many batches; returns how the tables differ from the model, the first few. */
  async round(batches: number): Promise<readonly string[]> {
    await withClient(this.#url, (client) => client.query(CLEAR + RULES));
    const log: LoggedEvent[] = [];
    const given: LoggedEvent[][] = [];
    const next = () => {
      // Another writer may still be at it.
      if (given.length > 0 && this.#random.chance(0.2))
        return given[given.length - 1 - this.#random.below(Math.min(given.length, WRITERS))]!;
      const batch = this.#batch(log);
      log.push(...batch);
      given.push(batch);
      return batch;
    };
    let left = batches;
    const write = async () => {
      while (left-- > 0) await this.#deliver(next());
    };
    await Promise.all(Array.from({ length: WRITERS }, write));
    this.rounds++;
    return await withClient(this.#url, async (client) => {
      const { examples } = await compareWithModel(client, model(log), TOPICS);
      const counted = await client.query<{ once: number }>(
        'SELECT sum(applied + stale + duplicate + conflict + dead_lettered + coalesce(ignored, 0))::int AS once FROM sync.hourly_counters',
      );
      const { once } = counted.rows[0]!;
      const crowds = await client.query<{ wrong: string }>(WRONG_CROWDS);
      return [
        ...(once === log.length ? [] : [`${once} numbers are counted, not ${log.length}`]),
        ...crowds.rows.map(({ wrong }) => `the list of a large group is wrong: ${wrong}`),
        ...examples,
      ];
    });
  }

  /** Ends the connections; only then the server's statistics are complete. */
  async stop(): Promise<MixStatistics> {
    await this.#pool.end();
    return await withClient(this.#url, async (client) => {
      for (;;) {
        const { rows } = await client.query<MixStatistics & { others: number }>(
          `SELECT deadlocks::int, xact_commit::int AS committed, xact_rollback::int AS "rolledBack",
             (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'backoffice-sync'
               AND pid <> pg_backend_pid()) AS others
           FROM pg_stat_database WHERE datname = current_database()`,
        );
        const { others, ...statistics } = rows[0]!;
        if (others === 0) return statistics;
        await delay(20);
      }
    });
  }

  async #deliver(batch: readonly LoggedEvent[]): Promise<void> {
    const { topic } = batch[0]!;
    const events = batch.map(({ body, partition, sequenceNumber, enqueuedAt }) => ({
      body,
      partition,
      sequenceNumber,
      enqueuedAt: enqueuedAt * 1000,
      offset: '0',
      key: null,
      correlationId: null,
    }));
    const result = await ingest(rulesFor<RecordTopic>(this.#pool, topic), events);
    const sum = Object.values(result.outcomes).reduce((total, count) => total + count, 0);
    if (sum !== batch.length) throw new Error(`The outcomes of ${batch.length} events add up to ${sum}.`);
    this.deliveries += sum;
  }

  /** The next events of a partition. */
  #batch(log: readonly LoggedEvent[]): LoggedEvent[] {
    const random = this.#random;
    const topic = random.chance(0.7) ? 'ledger' : random.pick(RECORD_TOPICS);
    const partition = random.below(PARTITIONS);
    const last = log.findLast((event) => event.topic === topic && event.partition === partition);
    const first = (last?.sequenceNumber ?? -1) + 1;
    return Array.from({ length: 1 + random.below(MAX_BATCH) }, (_, index) => {
      const malformed = random.chance(0.02);
      return {
        topic,
        partition,
        sequenceNumber: first + index,
        enqueuedAt: START / 1000 + first + index,
        body: Buffer.from(malformed ? '[]' : JSON.stringify(this.#record(topic))),
        fault: malformed ? 'not_an_object' : undefined,
      };
    });
  }

  #record(topic: RecordTopic): object {
    const random = this.#random;
    const orderId = `o${random.below(ORDERS)}`;
    const txId = () => `t${random.below(ENTRIES)}`;
    const change = {
      amount: random.pick(['5', '5.0', '7']),
      updated_at: random.pick([null, '2026-11-22T11:00:00Z', '2026-11-22T11:00:01Z', '2026-11-22T11:00:02Z']),
      version: random.pick([null, 1, 2, 3]),
    };
    if (topic === 'payment_order') return order(orderId, { ...change, status: random.pick(['NEW', 'PAID']) });
    if (topic === 'pair') {
      const updated = { updated_at: change.updated_at ?? '2026-11-22T11:00:00Z' };
      return confirmation(orderId, { ...change, ...updated, payment_tx_id: txId(), receive_tx_id: txId() });
    }
    return entry(txId(), {
      ...change,
      entry_type: random.pick(['PAYMENT', 'RECEIVE', 'RECEIVE', 'FEE']),
      related_id: random.chance(0.9) ? orderId : null,
      currency: random.pick([null, null, 'KRW', 'USD']),
    });
  }
}

export interface MixStatistics {
  readonly deadlocks: number;
  readonly committed: number;
  readonly rolledBack: number;
}

const WRITERS = 8;
const PARTITIONS = 3;
const MAX_BATCH = 40;
const ENTRIES = 60;
const ORDERS = 12;

const TOPICS = {
  ledger: 'ledger.entry.upserted',
  payment_order: 'payment.order.upserted',
  pair: 'payment.ledger.paired',
};

/** Keys are hardly ever new here: a fourth of the batches takes them for new all the same. */
/** New keys are expected wrongly now and then, and half of the groups are large ones. */
const RULES = expectNewKeysWhere('random() < 0.25') + crowdsAbove('6');

const CLEAR = `TRUNCATE bo.ledger_entries, bo.payment_orders, bo.payment_ledger_pairs, bo.consumer_dlq_events,
  sync.crowded_entries, sync.pair_confirmations, sync.partitions, sync.closed_epochs, sync.hourly_counters, sync.hourly_dead_letters;`;
