import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EventHubProducerClient } from '@azure/event-hubs';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { KafkaPublisher, kafkaAddress } from '../../tools/proof/synthetic/kafkaPublisher.ts';
import type { SyntheticEvent } from '../../tools/proof/synthetic/payments.ts';
import { propertiesOf } from '../../tools/proof/synthetic/publish.ts';
import { FaultBed } from '../faults/faultBed.ts';

// Payment services publish through Kafka clients: what becomes of it in the tables, through host and trigger.

const SEED = 92;
const execute = promisify(execFile);

describe(`events of Kafka producers, seed ${SEED}`, () => {
  let bed: FaultBed;
  let published: KafkaPublisher;
  let producer: kafkajs.Producer;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    const { emulator, settings } = bed.cloud;
    published = new KafkaPublisher(
      kafkaAddress(emulator.connectionString, emulator.kafkaPort!),
      settings.topics,
    );
    producer = new kafkajs.Kafka({
      brokers: [`127.0.0.1:${emulator.kafkaPort}`],
      sasl: { mechanism: 'plain', username: '$ConnectionString', password: emulator.connectionString },
      logLevel: kafkajs.logLevel.NOTHING,
    }).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
  });
  afterAll(async () => {
    await Promise.all([published?.close(), producer?.disconnect()]);
    await bed.stop();
  });

  const throughPlatformatic = async (events: readonly SyntheticEvent[]) => {
    for (const event of events) await published.publish(event);
    await published.flush();
  };
  const throughKafkajs = async (events: readonly SyntheticEvent[]) => {
    const messages = events.map((event, index) => ({
      topic: bed.cloud.settings.topics[event.topic],
      key: event.key ?? null,
      value: event.body,
      headers: propertiesOf(event, index),
    }));
    const topicMessages = [...Map.groupBy(messages, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
      topic,
      messages: ofTopic.map(({ topic: _, ...message }) => message),
    }));
    await producer.sendBatch({ topicMessages, compression: kafkajs.CompressionTypes.GZIP });
  };
  /** The plain client: the buffered one chooses the partition itself, and leaves the key out. */
  const throughAmqp = async (events: readonly SyntheticEvent[]) => {
    const { emulator, settings } = bed.cloud;
    for (const [index, event] of events.entries()) {
      const client = new EventHubProducerClient(emulator.connectionString, settings.topics[event.topic]);
      await client.sendBatch([{ body: event.body, properties: propertiesOf(event, index) }], {
        partitionKey: event.key!,
      });
      await client.close();
    }
  };
  const WAYS = { '@platformatic/kafka': throughPlatformatic, kafkajs: throughKafkajs };

  for (const [name, publish] of Object.entries(WAYS)) {
    it(`${name}: every row, pair and dead letter is what the model says`, async () => {
      await bed.publishThrough(publish, bed.nextEvents(1500));
      await bed.caughtUp();
      await bed.assertExact();
    });
  }

  it('the key of every record is its broker key', async () => {
    assert.equal(await keyMismatches(), 0);
  });

  it('dead letters have the key and the correlation id that their producer sent, as over AMQP', async () => {
    const letter = (way: string, key: string): SyntheticEvent => ({
      topic: 'ledger',
      key,
      body: Buffer.from(`{"sent by":"${way}"`),
      fault: 'not_json',
    });
    for (const [way, publish] of Object.entries({ ...WAYS, amqp: throughAmqp })) {
      await bed.publishThrough(publish, [letter(way, 'tx-서울-1'), letter(way, '12345678')]);
    }
    await bed.caughtUp();
    const { rows } = await bed.asAdmin((client) =>
      client.query(`SELECT convert_from(payload, 'UTF8') AS body, key, correlation_id
                      FROM bo.consumer_dlq_events WHERE position('sent by'::bytea IN payload) > 0 ORDER BY key, body`),
    );
    const expected = ['12345678', 'tx-서울-1'].flatMap((key) =>
      ['@platformatic/kafka', 'amqp', 'kafkajs'].map((way) => [`{"sent by":"${way}"`, key]),
    );
    assert.deepEqual(
      rows.map(({ body, key }) => [body, key]),
      expected,
    );
    for (const { correlation_id } of rows) assert.match(correlation_id, /^synthetic-\d+$/);
    await bed.assertExact();
  });

  it('a key that is not the record’s is counted, whoever sent it', async () => {
    const stray = (way: string): SyntheticEvent => ({
      topic: 'ledger',
      key: 'another',
      body: Buffer.from(
        JSON.stringify({
          tx_id: `stray-${way}`,
          wallet_id: 'w',
          entry_type: 'PAYMENT',
          amount: '1.10',
          event_time: new Date().toISOString(),
          version: 1,
        }),
      ),
      fault: undefined,
    });
    await bed.publishThrough(throughPlatformatic, [stray('platformatic')]);
    await bed.publishThrough(throughKafkajs, [stray('kafkajs')]);
    await bed.caughtUp();
    assert.equal(await keyMismatches(), 2);
    await bed.publishThrough(throughAmqp, [stray('amqp')]);
    await bed.caughtUp();
    assert.equal(await keyMismatches(), 3);
    await bed.assertExact();
  });

  it('a tombstone is a dead letter: there are no deletions', async () => {
    const tombstone: SyntheticEvent = {
      topic: 'payment_order',
      key: 'order-of-a-tombstone',
      body: Buffer.alloc(0),
      fault: 'empty_body',
    };
    await bed.publishThrough(async () => {
      await producer.send({
        topic: bed.cloud.settings.topics.payment_order,
        messages: [{ key: tombstone.key!, value: null, headers: propertiesOf(tombstone, 1) }],
      });
    }, [tombstone]);
    await bed.caughtUp();
    await bed.assertExact();
  });

  it('a producer goes on when the broker comes back', async () => {
    const publishing = bed.publishThrough(throughPlatformatic, bed.nextEvents(800));
    await bed.cloud.emulator.restart();
    await publishing;
    await bed.publishThrough(throughKafkajs, bed.nextEvents(200));
    await bed.caughtUp();
    await bed.assertExact();
  });

  it('publish --kafka says what it published', async () => {
    const words = ['publish', '--kafka', '--scenario', 'happy', '--count', '40', '--seed', '5', '--json'];
    const { stdout } = await execute(process.execPath, ['tools/operator/main.ts', ...words], {
      env: process.env,
    });
    const { ledger, payment_order: order } = bed.cloud.settings.topics;
    assert.deepEqual(JSON.parse(stdout), {
      scenario: 'happy',
      seed: 5,
      published: 40,
      [ledger]: 20,
      [order]: 20,
    });
    await bed.caughtUp();
    const { rows } = await bed.asAdmin((client) =>
      client.query(
        `SELECT count(*)::int AS entries FROM bo.ledger_entries WHERE tx_id LIKE 'tx-_-happy-5-%'`,
      ),
    );
    assert.equal(rows[0].entries, 20);
    assert.equal(await keyMismatches(), 3);
  });

  async function keyMismatches(): Promise<number> {
    const { rows } = await bed.asAdmin((client) =>
      client.query('SELECT coalesce(sum(key_mismatch), 0)::int AS sum FROM sync.hourly_counters'),
    );
    return rows[0].sum;
  }
});
