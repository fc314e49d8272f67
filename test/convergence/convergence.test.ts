import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LoggedEvent } from '../../local/check/brokerLog.ts';
import { compareWithModel } from '../../local/check/compare.ts';
import { model } from '../../local/check/model.ts';
import { Random } from '../../local/synthetic/random.ts';
import { LOGICAL_TOPICS, type LogicalTopic } from '../../shared/contracts/fields.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { testDatabase } from '../support/database.ts';
import { confirmation, entry, order, rulesFor, START } from '../support/events.ts';

// The promise of SPEC 1: whatever the order, repetition, batching and concurrency, the tables end up the same.
// Histories of a few keys, so that ties, moves and races are the rule. `CONVERGENCE_RUNS` and `CONVERGENCE_SEED`
// repeat or extend a run; a failure prints its seed and the shrunk history.

const runs = Number(process.env['CONVERGENCE_RUNS'] ?? 60);
const seed = Number(process.env['CONVERGENCE_SEED'] ?? 20261122);

const topics = {
  ledger: 'ledger.entry.upserted',
  payment_order: 'payment.order.upserted',
  pair: 'payment.ledger.paired',
};

const orderId = fc.constantFrom('o1', 'o2');
const revision = fc.record({
  updated_at: fc.constantFrom(null, '2026-11-22T11:00:00Z', '2026-11-22T11:00:00.000001Z'),
  version: fc.constantFrom(null, 1, 2),
});
const amount = fc.constantFrom('5', '5.0', '-5', 7, 0.1);

const ledgerBody = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c'),
    change: fc.record({
      entry_type: fc.constantFrom('PAYMENT', 'RECEIVE', 'RECEIVE', 'FEE'),
      amount,
      related_id: fc.oneof(orderId, fc.constant(null)),
      related_type: fc.constantFrom(null, 'PAYMENT_ORDER', 'PAYOUT'),
      event_time: fc.constantFrom('2026-11-22T10:00:00Z', '2026-11-22T10:00:01Z'),
      wallet_id: fc.constantFrom('w1', 'w2'),
    }),
    revision,
  })
  .map(({ id, change, revision }) => entry(id, { ...change, ...revision }));
const orderBody = fc
  .record({ id: orderId, change: fc.record({ amount, status: fc.constantFrom('NEW', 'PAID') }), revision })
  .map(({ id, change, revision }) => order(id, { ...change, ...revision }));
const pairBody = fc
  .record({
    id: orderId,
    change: fc.record({
      payment_tx_id: fc.constantFrom('a', 'b'),
      receive_tx_id: fc.constantFrom('b', 'c'),
      payer_wallet_id: fc.constantFrom('w1', 'w2'),
      amount,
      status: fc.constantFrom(null, 'CONFIRMED'),
      updated_at: fc.constantFrom('2026-11-22T11:00:00Z', '2026-11-22T11:00:01Z'),
      version: fc.constantFrom(null, 1),
    }),
  })
  .map(({ id, change }) => confirmation(id, change));

/** An event and where it lies: a topic, one of two partitions, and how long after the one before it. */
const logged = fc
  .oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant<LogicalTopic>('ledger'), ledgerBody) },
    { weight: 2, arbitrary: fc.tuple(fc.constant<LogicalTopic>('payment_order'), orderBody) },
    { weight: 1, arbitrary: fc.tuple(fc.constant<LogicalTopic>('pair'), pairBody) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...LOGICAL_TOPICS), fc.constant({ tx_id: [] })) },
  )
  .chain(([topic, body]) =>
    fc.record({
      topic: fc.constant(topic),
      body: fc.constant(JSON.stringify(body)),
      partition: fc.integer({ min: 0, max: 1 }),
      pause: fc.integer({ min: 0, max: 1 }),
    }),
  );

const history = fc.record({
  log: fc.array(logged, { minLength: 1, maxLength: 24 }),
  /** Shuffles, repeats and cuts the deliveries. */
  deliverySeed: fc.integer(),
  writers: fc.integer({ min: 1, max: 4 }),
});

function positioned(
  log: readonly (typeof logged extends fc.Arbitrary<infer E> ? E : never)[],
): LoggedEvent[] {
  const next = new Map<string, { sequenceNumber: number; enqueuedAt: number }>();
  return log.map(({ topic, body, partition, pause }) => {
    const at = next.get(topic + partition) ?? { sequenceNumber: 0, enqueuedAt: START / 1000 };
    const event = {
      topic,
      partition,
      sequenceNumber: at.sequenceNumber,
      enqueuedAt: at.enqueuedAt + pause,
      body: Buffer.from(body),
      fault: undefined,
    };
    next.set(topic + partition, {
      sequenceNumber: at.sequenceNumber + 1,
      enqueuedAt: event.enqueuedAt,
    });
    return event;
  });
}

type Batch = { readonly topic: LogicalTopic; readonly events: readonly BrokerEvent[] };

/** Every event at least once, some again, in batches of one partition, in any order. */
function deliveries(log: readonly LoggedEvent[], random: () => number): Batch[] {
  const shuffled = <V>(values: readonly V[]) =>
    values
      .map((value) => [random(), value] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, value]) => value);
  const again = log.filter(() => random() < 0.3);
  const batches: { topic: LogicalTopic; partition: number; events: BrokerEvent[] }[] = [];
  for (const event of shuffled([...log, ...again])) {
    const fits = batches.filter(
      (batch) => batch.topic === event.topic && batch.partition === event.partition && random() < 0.6,
    );
    let batch = fits[0];
    if (batch === undefined) {
      batch = { topic: event.topic, partition: event.partition, events: [] };
      batches.push(batch);
    }
    batch.events.push({
      body: event.body,
      partition: event.partition,
      sequenceNumber: event.sequenceNumber,
      enqueuedAt: event.enqueuedAt * 1000,
      offset: '0',
      key: null,
      correlationId: null,
    });
  }
  return shuffled(batches);
}

test(`any order, repetition, batching and concurrency gives the same tables (${runs} histories, seed ${seed})`, async (t) => {
  const database = await testDatabase(t);
  const client = await database.pool.connect();

  const property = fc.asyncProperty(history, async ({ log: raw, deliverySeed, writers }) => {
    await client.query(
      `TRUNCATE bo.ledger_entries, bo.payment_orders, bo.payment_ledger_pairs, bo.consumer_dlq_events,
         sync.pair_confirmations, sync.partitions, sync.closed_epochs, sync.hourly_counters,
         sync.hourly_dead_letters`,
    );
    const log = positioned(raw);
    const source = new Random(deliverySeed);
    const random = () => source.next();
    const batches = deliveries(log, random);
    const queues: Batch[][] = Array.from({ length: writers }, () => []);
    for (const batch of batches) queues[Math.floor(random() * writers)]!.push(batch);

    let received = 0;
    await Promise.all(
      queues.map(async (queue) => {
        for (const { topic, events } of queue) {
          const result = await ingest(rulesFor(database.pool, topic), events);
          const sum = Object.values(result.outcomes).reduce((total, count) => total + count, 0);
          assert.equal(sum, events.length, 'the outcomes of a batch add up');
          received += events.length;
        }
      }),
    );

    const mismatches = await compareWithModel(client, model(log), topics);
    assert.deepEqual(mismatches.examples, []);
    const [counted] = await database.rows(
      `SELECT sum(applied + stale + duplicate + conflict + dead_lettered) AS once, sum(redelivered) AS again
       FROM sync.hourly_counters`,
    );
    assert.deepEqual(counted, { once: String(log.length), again: String(received - log.length) });
    assert.deepEqual(await database.rows('SELECT * FROM sync.sequence_gaps'), []);
    assert.deepEqual(await database.rows('SELECT * FROM sync.closed_epochs'), []);
  });
  try {
    await fc.assert(property, { seed, numRuns: runs });
  } finally {
    client.release();
  }
});
