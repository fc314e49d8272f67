import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EventData, EventHubProducerClient } from '@azure/event-hubs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { RECORD_TOPICS, type RecordTopic } from '../../shared/contracts/fields.ts';
import { type LocalCloud, startLocalCloud } from '../../tools/local/cloud.ts';
import { type Hosts, startHosts } from '../../tools/local/hosts.ts';
import { buildFunctions } from '../../tools/package/build.ts';
import { BrokerWatch } from '../../tools/proof/brokerLog.ts';
import { unseenEvents } from '../../tools/proof/progress.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { goodBody } from '../hostile/message.ts';
import { HOSTILE_MESSAGES } from '../hostile/messages/index.ts';
import { differences, type PlacedMessage } from '../hostile/outcomes.ts';
import { until } from '../support/until.ts';
import { LocalState } from './localRun.ts';

const PARTITION = 0;
/** Keys and correlation ids that nobody validated. The dead letter has to hold what is left of them (SPEC 6, 9). */
const BROKER_TEXTS = [
  { key: 'a\0b', storedKey: '\\x610062', correlation: 'a\0b\n', storedCorrelation: 'ab' },
  { key: '\\xff', storedKey: '\\x5c786666', correlation: '\u202e', storedCorrelation: null },
  {
    key: '서울 😀',
    storedKey: '서울 😀',
    correlation: '😀'.repeat(200),
    storedCorrelation: '😀'.repeat(128),
  },
  { key: "'; --", storedKey: "'; --", correlation: "'; --", storedCorrelation: "'; --" },
];

describe('hostile messages through the emulator, the host and the trigger', () => {
  let state: LocalState;
  let cloud: LocalCloud;
  let hosts: Hosts;
  let watch: BrokerWatch;
  beforeAll(async () => {
    state = await LocalState.create();
    // This is a process of its own, as is every test file.
    Object.assign(process.env, state.environment);
    await buildFunctions();
    cloud = await startLocalCloud(() => {});
    watch = new BrokerWatch(cloud.emulator.connectionString, Object.values(cloud.settings.topics));
    hosts = await startHosts(1, cloud.environment, state.directory, () => {});
  });
  afterAll(async () => {
    await Promise.all([watch?.close(), hosts?.stop()]);
    await cloud?.stop();
    await state.remove();
  });

  const caughtUp = () =>
    withClient(cloud.adminUrl, (client) =>
      until('every event is processed', 100_000, async () => {
        return (await unseenEvents(client, await watch.ranges())) === 0;
      }),
    );
  const send = async (topic: RecordTopic, work: (producer: EventHubProducerClient) => Promise<void>) => {
    const { emulator, settings } = cloud;
    const producer = new EventHubProducerClient(emulator.connectionString, settings.topics[topic]);
    try {
      await work(producer);
    } finally {
      await producer.close();
    }
  };

  it(`each of ${HOSTILE_MESSAGES.length} ends as SPEC 2 says, the partitions go on, the host lives`, async () => {
    const { pids } = hosts;
    const placed: PlacedMessage[] = [];
    const sent = { ledger: 0, payment_order: 0, pair: 0 };
    let good = 0;
    for (const topic of RECORD_TOPICS) {
      await send(topic, async (producer) => {
        let batch = await producer.createBatch({ partitionId: String(PARTITION) });
        const add = async (body: Buffer) => {
          if (!batch.tryAdd({ body })) {
            await producer.sendBatch(batch);
            batch = await producer.createBatch({ partitionId: String(PARTITION) });
            assert.ok(batch.tryAdd({ body }), 'a message that the broker takes');
          }
          return sent[topic]++;
        };
        for (const [index, message] of HOSTILE_MESSAGES.entries()) {
          if (message.topic !== topic) continue;
          const body = message.body(`hostile-${index}`);
          placed.push({ message, body, partition: PARTITION, sequenceNumber: await add(body) });
          if (index % 10 > 0) continue;
          good++;
          await add(Buffer.from(goodBody(topic, `good-${index}`)));
        }
        await producer.sendBatch(batch);
      });
    }
    await caughtUp();

    await withClient(cloud.adminUrl, async (client) => {
      assert.deepEqual(await differences(client, cloud.settings.topics, placed), []);
      const counted = await client.query(
        `SELECT sum(applied + dead_lettered)::int AS outcomes, sum(stale + duplicate + conflict)::int AS others,
           (SELECT count(*)::int FROM sync.sequence_gaps) AS gaps,
           (SELECT count(*)::int FROM bo.ledger_entries WHERE tx_id LIKE 'good-%')
             + (SELECT count(*)::int FROM bo.payment_orders WHERE order_id LIKE 'good-%')
             + (SELECT count(*)::int FROM sync.pair_confirmations WHERE payment_order_id LIKE 'good-%') AS good
         FROM sync.hourly_counters`,
      );
      assert.deepEqual(counted.rows[0], { outcomes: placed.length + good, others: 0, gaps: 0, good });
    });
    assert.equal(hosts.restarts, 0);
    assert.deepEqual(hosts.pids, pids);
    assert.doesNotMatch(readFileSync(join(state.directory, 'host-1.log'), 'utf8'), /batch failed/);
  });

  it('keys and correlation ids of any kind do not keep a dead letter from being stored', async () => {
    await send('ledger', async (producer) => {
      for (const { key, correlation } of BROKER_TEXTS) {
        const event: EventData = {
          body: Buffer.from('hostile'),
          properties: { 'x-correlation-id': correlation },
        };
        await producer.sendBatch([event], { partitionKey: key });
      }
    });
    await caughtUp();
    await withClient(cloud.adminUrl, async (client) => {
      const { rows } = await client.query<{ key: string; correlation_id: string | null }>(
        'SELECT key, correlation_id FROM bo.consumer_dlq_events WHERE key IS NOT NULL',
      );
      const found = new Map(rows.map((row) => [row.key, row.correlation_id]));
      const expected = BROKER_TEXTS.map(
        ({ storedKey, storedCorrelation }) => [storedKey, storedCorrelation] as const,
      );
      assert.deepEqual(found, new Map(expected));
    });
    assert.equal(hosts.restarts, 0);
  });
});
