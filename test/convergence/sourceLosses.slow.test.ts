import assert from 'node:assert/strict';
import type pg from 'pg';
import { test } from 'vitest';
import type { DumpTopic } from '../../shared/contracts/fields.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import type { HeldPartition } from '../../shared/metrics/brokerState.ts';
import { partitionStates } from '../../shared/metrics/partitions.ts';
import { reachedBy } from '../../shared/metrics/reached.ts';
import { compareWindows } from '../../shared/store/control/compareWindows.ts';
import { readLedger } from '../../shared/store/metrics/readLedger.ts';
import { mergeRecords } from '../../tools/operator/backfill/backfill.ts';
import { CreatedRange } from '../../tools/operator/backfill/createdRange.ts';
import { type DumpContract, readRecord } from '../../tools/operator/dump/dumpRecords.ts';
import { compareAgain } from '../../tools/operator/queries/compareAgain.ts';
import { CANONICAL_SETTINGS, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { END, type Message, SourceStream, type Window } from './sourceStream.ts';

// What an outbox loses is invisible to the broker's numbers: the source's own totals name its windows, and no other one, whatever
// comes late, again or in another order (SPEC 15). Losses are hunted while the streams run: the timer runs every half minute.

const SEED = Number(process.env['LOSSES_SEED'] ?? 20261128);
const LOSSES = Number(process.env['LOSSES'] ?? 80);
const OF_ONE_STREAM = 40;
const GRACE_S = 60;
const TIMER_MS = 30_000;
const HUB = CANONICAL_SETTINGS.topics;
const NAMED = ['short', 'amount_differs', 'content_differs'];

interface Named {
  readonly topic: string;
  readonly start: Date;
  readonly generatedAt: Date;
  readonly state: string;
}

/** A hub's partition, and how far the sync has come in it. */
class Follower {
  readonly topic: Message['topic'];
  readonly partition: number;
  readonly events: BrokerEvent[] = [];
  done = 0;
  stalledUntil = 0;

  constructor(topic: Message['topic'], partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  held(now: number): HeldPartition {
    const last = this.events.findLastIndex(({ enqueuedAt }) => enqueuedAt <= now * 1000);
    return { topic: hubOf(this.topic), partition: this.partition, beginning: 0, last, isEmpty: last < 0 };
  }
}

const hubOf = (topic: Message['topic']) => (topic === 'control' ? 'control' : HUB[topic]);

class Run {
  readonly #pool: pg.Pool;
  readonly #seed: number;
  readonly #stream: SourceStream;
  readonly #base: number;
  readonly #random: Random;
  readonly #followers = new Map<string, Follower>();

  constructor(database: TestDatabase, seed: number, base: number) {
    this.#pool = database.pool;
    this.#seed = seed;
    this.#base = base;
    this.#random = new Random(seed);
    this.#stream = new SourceStream(seed, OF_ONE_STREAM, base);
    for (const { topic, partition, enqueuedAt, body } of this.#stream.messages) {
      const key = `${topic}/${partition}`;
      const follower = this.#followers.get(key) ?? new Follower(topic, partition);
      this.#followers.set(key, follower);
      follower.events.push({
        ...{ body: Buffer.from(JSON.stringify(body)), partition, sequenceNumber: follower.events.length },
        ...{ enqueuedAt: (base + enqueuedAt) * 1000, offset: String(follower.events.length) },
        ...{ key: null, correlationId: null },
      });
    }
  }

  async toTheEnd(): Promise<void> {
    const lossy = this.#stream.windows().filter((window) => window.lossy);
    // The last totals have come 20 s after the end: a minute after the grace of these, every loss is named.
    for (let now = this.#base; now <= this.#base + END + 20_000 + GRACE_S * 1000 + 60_000; now += TIMER_MS) {
      for (const follower of this.#followers.values()) await this.#follow(follower, now);
      await this.#timer(now);
      for (const found of await this.#named()) {
        const window = lossy.find((one) => this.#isOf(one, found));
        assert.ok(window, `false alarm: ${found.topic} ${found.start.toISOString()} ${found.state}`);
      }
    }
  }

  /** Every lossy window, by the total that was made last, and nothing else. */
  async assertNamed(): Promise<Map<string, number>> {
    const named = await this.#named();
    const windows = this.#stream.windows();
    for (const window of windows) {
      const found = named.find((one) => this.#isOf(window, one));
      assert.equal(found !== undefined, window.lossy, `${window.topic} ${window.start}, seed ${this.#seed}`);
      if (found !== undefined) assert.equal(found.state === 'content_differs', window.onlyDigest);
    }
    assert.deepEqual(await this.#states(), { matched: windows.length - named.length, named: named.length });
    return new Map(
      Object.entries(Object.groupBy(named, ({ state }) => state)).map(([state, all]) => [state, all!.length]),
    );
  }

  async reload(): Promise<void> {
    for (const window of this.#stream.windows().filter(({ lossy }) => lossy)) await this.#load(window);
    await this.#timer(this.#base + END + 5 * 60_000);
    assert.deepEqual(await this.#states(), { matched: this.#stream.windows().length, named: 0 });
  }

  /** Takes what has come, in batches, or nothing for some minutes; a batch may come twice. */
  async #follow(follower: Follower, now: number): Promise<void> {
    const random = this.#random;
    const ended = now > this.#base + END;
    if (!ended && now < follower.stalledUntil) return;
    if (!ended && random.chance(0.1)) follower.stalledUntil = now + random.below(4 * 60_000);
    const available = follower.events.filter(({ enqueuedAt }) => enqueuedAt <= now * 1000).length;
    while (follower.done < available) {
      if (!ended && random.chance(0.1)) return;
      const next = Math.min(available, follower.done + 1 + random.below(60));
      const from = Math.max(0, follower.done - (random.chance(0.2) ? random.below(30) : 0));
      const rules =
        follower.topic === 'control'
          ? rulesFor(this.#pool, 'control', { topic: 'control' })
          : rulesFor<'ledger' | 'payment_order'>(this.#pool, follower.topic);
      const { outcomes } = await ingest(
        rules as typeof rules & { contract: never },
        follower.events.slice(from, next),
      );
      assert.equal(outcomes.dead_lettered, 0);
      follower.done = next;
    }
  }

  async #timer(now: number): Promise<void> {
    const ledger = await readLedger(this.#pool);
    const followers = [...this.#followers.values()];
    const broker = {
      partitions: followers.map((follower) => follower.held(now)),
      createdAt: new Map(),
      unreachable: new Map(),
    };
    const states = partitionStates(ledger, broker, Object.values(HUB));
    // Time goes faster here than back-off does.
    await this.#pool.query('UPDATE sync.source_totals SET due_at = now() WHERE due_at IS NOT NULL');
    const topics = (['ledger', 'payment_order'] as const).map((source) => ({
      ...{ source, topic: HUB[source] },
      reached: reachedBy(HUB[source], states, now),
    }));
    await compareWindows(this.#pool, topics, GRACE_S, 0);
  }

  async #load<T extends DumpTopic>({ topic, start }: Window & { topic: T }): Promise<void> {
    const { contract } = rulesFor(this.#pool, topic);
    const window = {
      ...{ asOf: (this.#base + END) * 1000, maxClockSkew: 300_000_000, by: 'created_at' as const },
      ...{ since: null, until: null },
    };
    const created = new CreatedRange();
    const plan = {
      ...{ contract: contract as DumpContract<T>, window, created },
      ...{ database: this.#pool, backfillId: 'reload' },
    };
    const rows = this.#stream.dump({ topic, start }).map((fields, index) => {
      const record = readRecord(plan.contract, window, { line: index + 1, fields } as never);
      assert.ok('record' in record);
      return record;
    });
    const counts = { read: rows.length, outside: 0, rejected: 0 };
    await mergeRecords(plan, { from: 1, to: rows.length, rows, counts }, false);
    assert.deepEqual(await compareAgain(this.#pool, topic, created), { windows_compared_again: 1 });
  }

  #isOf({ topic, start }: Window, found: Named): boolean {
    return HUB[topic] === found.topic && this.#base + start === found.start.getTime();
  }

  async #named(): Promise<Named[]> {
    const { rows } = await this.#pool.query<Named>(
      `SELECT topic, window_start AS start, generated_at AS "generatedAt", state FROM bo.control_totals
       WHERE state = ANY ($1)`,
      [NAMED],
    );
    return rows;
  }

  async #states() {
    const { rows } = await this.#pool.query(
      `SELECT count(*) FILTER (WHERE state = 'matched')::integer AS matched,
         count(*) FILTER (WHERE state <> 'matched')::integer AS named FROM bo.control_totals`,
    );
    return rows[0];
  }
}

test(`${LOSSES} losses before the broker, seed ${SEED}: their windows are named and no other one; reloaded, all match`, async (t) => {
  const database = await testDatabase(t);
  // In the past of the database's clock: within the days for which windows are compared.
  const base = Math.floor((Date.now() - 3_600_000) / 60_000) * 60_000;
  const found = new Map<string, number>();
  for (let stream = 0; stream * OF_ONE_STREAM < LOSSES; stream++) {
    await database.pool.query(
      `TRUNCATE bo.ledger_entries, bo.payment_orders, bo.payment_ledger_pairs,
         sync.partitions, sync.source_totals, bo.control_totals`,
    );
    const run = new Run(database, SEED + stream, base);
    await run.toTheEnd();
    for (const [state, count] of await run.assertNamed()) found.set(state, (found.get(state) ?? 0) + count);
    await run.reload();
  }
  console.info(`windows named: ${JSON.stringify(Object.fromEntries(found))}`);
});
