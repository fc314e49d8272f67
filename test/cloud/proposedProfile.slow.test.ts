import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EventHubProducerClient } from '@azure/event-hubs';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { samplesOfFiles } from '../../tools/operator/topicSamples/samples.ts';
import {
  eventHubsConnectionString,
  postgresUrl,
  storageConnectionString,
} from '../../tools/target/localCloud.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { READ_AT, samplePath } from '../support/topicStyles.ts';
import { until } from '../support/until.ts';
import { type LocalRun, LocalState } from './localRun.ts';

// From samples to rows: topic-check proposes a profile for two topics, npm start loads it, and events as in the samples
// become rows through hub, trigger and host.

const ORDERS = 'debezium-orders';
const ENTRIES = 'upper-case-local-ledger.ndjson';
const execute = promisify(execFile);

interface CheckRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('a proposed profile', () => {
  let state: LocalState;
  let run: LocalRun;
  let profile: string;
  beforeAll(async () => {
    state = await LocalState.create();
    profile = join(state.directory, 'profile.json');
  });
  afterAll(() => state.remove());

  async function topicCheck(...words: string[]): Promise<CheckRun> {
    const command = ['tools/operator/main.ts', 'topic-check', '--json', ...words];
    const environment = { ...process.env, ...state.environment };
    return execute(process.execPath, command, { env: environment }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: CheckRun) => error,
    );
  }

  const check = async (samples: string, ...words: string[]) => {
    const { code, stdout } = await topicCheck('--file', samplePath(samples), ...words);
    return [code, JSON.parse(stdout).verdict];
  };

  it('is written for one topic after the other', async () => {
    assert.deepEqual(await check(ORDERS, '--propose-profile', profile), [1, 'ready_with_profile']);
    const both = ['--profile', profile, '--propose-profile', profile];
    assert.deepEqual(await check(ENTRIES, ...both), [1, 'ready_with_profile']);
    assert.deepEqual(await check(ORDERS, '--profile', profile), [0, 'ready']);
    assert.deepEqual(await check(ENTRIES, '--profile', profile), [0, 'ready']);
  });

  it('is not held against the model, which knows the built-in contract only', async () => {
    const words = ['--profile', profile, '--events', '5', '--exit'];
    const { code, stderr } = await state.start(words).ended(60_000);
    assert.equal(code, 1);
    assert.match(stderr, /leave --profile out/);
  });

  it('is loaded by npm start, and every event of the samples becomes a row', async () => {
    run = state.start(['--profile', profile, '--rate', '5', '--seed', '4']);
    await run.printed('Publishing 5 a second');
    await publish('payment.order.upserted', ORDERS);
    await publish('ledger.entry.upserted', ENTRIES);
    await withClient(postgresUrl(state.ports.LOCAL_POSTGRES_PORT), async (client) => {
      const rows = async (sql: string) => (await client.query(sql)).rows;
      const count = async () =>
        (
          await rows(`SELECT (SELECT count(*) FROM bo.payment_orders WHERE order_id ~ '^order-0') +
                             (SELECT count(*) FROM bo.ledger_entries WHERE tx_id ~ '^tx-0') AS rows`)
        )[0].rows;
      await until('26 rows are there', 60_000, async () => (await count()) === '26');
      await client.query("SET timezone = 'UTC'");
      const orders = await rows(
        `SELECT status, amount::text, updated_at::text FROM bo.payment_orders WHERE order_id = 'order-002'`,
      );
      assert.deepEqual(orders, [
        { status: 'PAID', amount: '9007199254740993.25', updated_at: '2026-11-20 09:01:04.5+00' },
      ]);
      const entries = await rows(
        `SELECT wallet_id, event_time::text FROM bo.ledger_entries WHERE tx_id = 'tx-001'`,
      );
      assert.deepEqual(entries, [
        { wallet_id: 'wallet-payment-0', event_time: '2026-11-20 09:00:00.123+00' },
      ]);
      // The synthetic payments are in the same envelope: what is dead is malformed on purpose.
      const pairs = await rows(
        `SELECT pairing_status, count(*)::int FROM bo.payment_ledger_pairs
         WHERE payment_order_id ~ '^order-00[1-6]$' GROUP BY 1`,
      );
      assert.deepEqual(pairs, [{ pairing_status: 'COMPLETE', count: 6 }]);
      const dead = await rows(
        `SELECT error_detail FROM bo.consumer_dlq_events WHERE error_detail LIKE '%envelope%'`,
      );
      assert.deepEqual(dead, []);
    });
  });

  it('topic-check reads the hubs themselves, and nobody’s checkpoints move', async () => {
    const hub = ['--hub', 'payment.order.upserted', '--profile', profile];
    const before = await readers();
    const { stdout, stderr } = await topicCheck(...hub, '--last', '1000');
    const report = JSON.parse(stdout);
    assert.equal(report.topic, 'payment_order', stderr);
    assert.ok(report.samples.received >= 12);
    assert.equal(report.samples.with_broker_data, report.samples.received);
    assert.equal(report.keys.partitions, await partitionsWithEvents('payment.order.upserted'));
    assert.equal(report.best_profile, 'proposed-payment-order-v1');
    const minutes = JSON.parse((await topicCheck(...hub, '--minutes', '60')).stdout);
    assert.ok(minutes.samples.received >= report.samples.received);
    const last = JSON.parse((await topicCheck(...hub, '--last', '5')).stdout);
    assert.equal(last.samples.received, 5);
    assert.deepEqual(await readers(), before);
    const { code, stderr: none } = await topicCheck('--hub', 'no-such-hub');
    assert.equal(code, 3, none);
    assert.match(none, /The hub no-such-hub could not be read/);
  });

  /** Who reads the hubs: a reader of topic-check would have left a checkpoint under its group. */
  async function readers(): Promise<string[]> {
    const account = BlobServiceClient.fromConnectionString(
      storageConnectionString({
        blobPort: state.ports.LOCAL_BLOB_PORT,
        queuePort: state.ports.LOCAL_QUEUE_PORT,
        tablePort: state.ports.LOCAL_TABLE_PORT,
      }),
    );
    const names: string[] = [];
    for await (const { name } of account.getContainerClient('azure-webjobs-eventhub').listBlobsFlat()) {
      // A reader owns a partition before it has a checkpoint of it.
      names.push(name.split('/').slice(0, -2).join('/'));
    }
    return [...new Set(names)].sort();
  }

  async function partitionsWithEvents(hub: string): Promise<number> {
    const client = new EventHubProducerClient(
      eventHubsConnectionString(state.ports.LOCAL_EVENT_HUBS_PORT),
      hub,
    );
    const ids = await client.getPartitionIds();
    const held = await Promise.all(ids.map((id) => client.getPartitionProperties(id)));
    await client.close();
    return held.filter(({ isEmpty }) => !isEmpty).length;
  }

  async function publish(hub: string, samples: string): Promise<void> {
    const client = new EventHubProducerClient(
      eventHubsConnectionString(state.ports.LOCAL_EVENT_HUBS_PORT),
      hub,
    );
    for await (const page of (await samplesOfFiles(samplePath(samples), READ_AT))()) {
      for (const { event } of page) {
        await client.sendBatch([{ body: event.body }], { partitionKey: event.key ?? 'one' });
      }
    }
    await client.close();
  }
});
