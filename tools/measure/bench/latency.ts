import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { RECORD_TOPICS } from '../../../shared/contracts/fields.ts';
import { BrokerWatch, readHub } from '../../proof/brokerLog.ts';
import { unseenEvents } from '../../proof/progress.ts';
import { syntheticEvents } from '../../proof/synthetic/payments.ts';
import { Publisher } from '../../proof/synthetic/publish.ts';
import { Random } from '../../proof/synthetic/random.ts';
import { withClient } from '../../target/withClient.ts';
import { type Bed, startBed } from './bed.ts';

const WARM_UP_SECONDS = 5;
const POLL_MS = 4;
const CAUGHT_UP_WITHIN_MS = 60_000;

/** Percentiles, milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Events that were measured. */
  readonly count: number;
}

/**
 * Milliseconds from the broker's enqueue time to the moment when another connection sees the event's outcome, for
 * every event, whatever became of it. That moment is when a query returns that finds the event's number in the
 * sequence ledger, which is committed together with the row. Queries follow each other every few milliseconds: what
 * that adds is included, so the truth is a little lower. The first seconds are left out.
 */
export async function measureLatency({
  rate = 300,
  seconds = 20,
}: {
  rate?: number;
  seconds?: number;
} = {}): Promise<Latency> {
  await using bed = await startBed({ ledger: 4, payment_order: 4, pair: 4 });
  const broker = new BrokerWatch(bed.eventHubs, Object.values(bed.topics));
  const publisher = new Publisher(bed.eventHubs, bed.topics);
  try {
    return await withClient(bed.adminUrl, async (client) => {
      await bed.startHost();
      const watch = new VisibilityWatch(client);
      await publishEvenly(publisher, rate, WARM_UP_SECONDS);
      const warmedUpAt = Date.now();
      await publishEvenly(publisher, rate, seconds);
      const sightings = await watch.endAfter(() => caughtUp(bed, broker));
      return percentiles(await latencies(bed, broker, sightings, warmedUpAt));
    });
  } finally {
    await Promise.all([publisher.close(), broker.close()]);
  }
}

async function publishEvenly(publisher: Publisher, rate: number, seconds: number): Promise<void> {
  const startedAt = Date.now();
  const payments = syntheticEvents(new Random(startedAt), `bench-${startedAt}`, Date.now);
  for (let count = 0; count < rate * seconds; count++) {
    const event = payments.next().value;
    await publisher.publish(event);
    const due = startedAt + ((count + 1) / rate) * 1000;
    const early = due - Date.now();
    if (early > 0) await delay(early);
  }
  await publisher.flush();
}

/** From `at` on (milliseconds since 1970) the numbers of a partition up to `last` were seen. */
interface Sighting {
  readonly at: number;
  readonly last: number;
}

/** Looks into the sequence ledger all the time. */
class VisibilityWatch {
  readonly #sightings = new Map<string, Sighting[]>();
  readonly #watching: Promise<void>;
  #ending = false;

  constructor(client: pg.Client) {
    this.#watching = this.#watch(client);
    // `endAfter` reports it; until then it must not end the process.
    this.#watching.catch(() => {});
  }

  /** What was seen of each partition, once `work` is done. */
  async endAfter(work: () => Promise<void>): Promise<ReadonlyMap<string, readonly Sighting[]>> {
    try {
      await work();
      // The last look is as late as the work's end.
      await delay(10 * POLL_MS);
    } finally {
      this.#ending = true;
    }
    await this.#watching;
    return this.#sightings;
  }

  async #watch(client: pg.Client): Promise<void> {
    while (!this.#ending) {
      const { rows } = await client.query<{ partition: string; last: string }>({
        name: 'visible',
        text: `SELECT topic || '/' || partition AS partition, upper(seen) - 1 AS last
               FROM sync.partitions WHERE NOT isempty(seen)`,
      });
      const at = Date.now();
      for (const { partition, last } of rows) {
        const sightings = this.#sightings.get(partition) ?? [];
        this.#sightings.set(partition, sightings);
        if (Number(last) > (sightings.at(-1)?.last ?? -1)) sightings.push({ at, last: Number(last) });
      }
      await delay(POLL_MS);
    }
  }
}

/** Waits until the sequence ledger has every number that the broker holds: no hole can hide behind a later number. */
async function caughtUp(bed: Bed, broker: BrokerWatch): Promise<void> {
  const ranges = await broker.ranges();
  const deadline = Date.now() + CAUGHT_UP_WITHIN_MS;
  await withClient(bed.adminUrl, async (client) => {
    for (;;) {
      const unseen = await unseenEvents(client, ranges);
      if (unseen === 0) return;
      if (Date.now() > deadline) throw new Error(`${unseen} events were not processed.`);
      await delay(50);
    }
  });
}

async function latencies(
  bed: Bed,
  broker: BrokerWatch,
  sightings: ReadonlyMap<string, readonly Sighting[]>,
  since: number,
): Promise<number[]> {
  const ranges = await broker.ranges();
  const events = await Promise.all(
    RECORD_TOPICS.map((topic) => readHub(bed.eventHubs, topic, bed.topics[topic], ranges)),
  );
  return events
    .flat()
    .filter(({ enqueuedAt }) => enqueuedAt > since)
    .map(({ topic, partition, sequenceNumber, enqueuedAt }) => {
      const seen = sightings.get(`${bed.topics[topic]}/${partition}`);
      const first = seen?.find(({ last }) => last >= sequenceNumber);
      if (first === undefined) throw new Error(`Number ${sequenceNumber} of ${topic} was never seen.`);
      return first.at - enqueuedAt;
    });
}

function percentiles(values: number[]): Latency {
  const sorted = values.sort((one, other) => one - other);
  const percentile = (share: number) => {
    const value = sorted[Math.ceil(share * sorted.length) - 1];
    if (value === undefined) throw new Error('Nothing was measured.');
    return value;
  };
  return { p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99), count: sorted.length };
}
