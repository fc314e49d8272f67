import assert from 'node:assert/strict';
import { test } from 'vitest';
import { RECORD_TOPICS, type RecordTopic } from '../../shared/contracts/fields.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { entry, order, Partition, rulesFor, START } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { goodBody } from './message.ts';
import { HOSTILE_MESSAGES } from './messages/index.ts';
import { differences, type PlacedMessage } from './outcomes.ts';

const TOPICS = {
  ledger: 'ledger.entry.upserted',
  payment_order: 'payment.order.upserted',
  pair: 'payment.ledger.paired',
};

for (const batchSize of [1, 1000]) {
  test(`${HOSTILE_MESSAGES.length} hostile messages end as SPEC 2 says, ${batchSize} in a batch, and the good ones between them are stored`, async (t) => {
    const database = await testDatabase(t);
    const placed: PlacedMessage[] = [];
    for (const topic of RECORD_TOPICS) {
      const partition = new Partition(3);
      const events: BrokerEvent[] = [];
      let good = 0;
      for (const [index, message] of HOSTILE_MESSAGES.entries()) {
        if (message.topic !== topic) continue;
        const event = partition.event(message.body(`hostile-${index}`));
        events.push(event);
        placed.push({ message, ...event });
        if (index % 10 > 0) continue;
        good++;
        events.push(partition.event(goodBody(topic, `good-${index}`)));
      }
      const outcomes = { applied: 0, stale: 0, duplicate: 0, conflict: 0, dead_lettered: 0 };
      for (let start = 0; start < events.length; start += batchSize) {
        const result = await ingest(
          rulesFor<RecordTopic>(database.pool, topic),
          events.slice(start, start + batchSize),
        );
        for (const [outcome, count] of Object.entries(result.outcomes)) {
          outcomes[outcome as keyof typeof outcomes] += count;
        }
        assert.deepEqual(result.redelivered, 0);
      }
      assert.equal(outcomes.applied + outcomes.dead_lettered, events.length, topic);
      assert.equal(await goodRows(database.rows, topic), String(good));
    }
    assert.deepEqual(await differences(database.pool, TOPICS, placed), []);
    assert.deepEqual(await database.rows('SELECT * FROM sync.sequence_gaps'), []);
  });
}

async function goodRows(
  rows: (sql: string) => Promise<Record<string, string | null>[]>,
  topic: RecordTopic,
): Promise<string> {
  const [table, key] = {
    ledger: ['bo.ledger_entries', 'tx_id'],
    payment_order: ['bo.payment_orders', 'order_id'],
    pair: ['sync.pair_confirmations', 'payment_order_id'],
  }[topic];
  const [found] = await rows(`SELECT count(*) FROM ${table} WHERE ${key} LIKE 'good-%'`);
  return found!['count']!;
}

test('what a dead letter says never repeats a value of the event', async (t) => {
  const database = await testDatabase(t);
  const secret = '4111-1111-1111-1111';
  const partition = new Partition();
  const members = [
    'tx_id',
    'wallet_id',
    'entry_type',
    'amount',
    'event_time',
    'source_created_at',
    'amount_signed',
  ];
  const bodies: (object | string)[] = [
    `{"tx_id":"${secret}"`,
    `"${secret}"`,
    `${secret}`,
    entry('a', { type: secret }),
    entry('a', { schema_version: secret }),
    ...[...members, 'related_id', 'related_type', 'updated_at', 'version', 'occurred_at'].map((member) =>
      entry('a', { [member]: { [secret]: secret } }),
    ),
  ];
  const events = bodies.map((body) => partition.event(body));
  const result = await ingest(rulesFor(database.pool, 'ledger'), events);
  assert.equal(result.outcomes.dead_lettered, events.length);
  const details = await database.rows('SELECT error_detail FROM bo.consumer_dlq_events');
  for (const { error_detail: detail } of details) assert.doesNotMatch(detail!, /4111|\[object/);
});

test('updated_at may lie after the enqueue time by the clock skew, and not a microsecond more', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const at = (microseconds: number) => {
    const instant = START + microseconds;
    const fraction = String(instant % 1_000_000).padStart(6, '0');
    return `${new Date(Math.floor(instant / 1_000_000) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
  };
  const skew = 300_000_000;
  const here = { enqueuedAt: START };
  const result = await ingest(rulesFor(database.pool, 'payment_order'), [
    partition.event(order('within', { updated_at: at(skew) }), here),
    partition.event(order('cut', { updated_at: at(skew).replace('Z', '9Z') }), here),
    partition.event(order('beyond', { updated_at: at(skew + 1) }), here),
    partition.event(order('milliseconds', { updated_at: (START + skew) / 1000 + 1 }), here),
  ]);
  assert.deepEqual([result.outcomes.applied, result.deadLetters], [2, { timestamp_in_future: 2 }]);
  const stored = await database.rows('SELECT order_id FROM bo.payment_orders ORDER BY 1');
  assert.deepEqual(
    stored.map((row) => row['order_id']),
    ['cut', 'within'],
  );
});
