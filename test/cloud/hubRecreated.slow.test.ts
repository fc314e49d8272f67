import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EventHubProducerClient } from '@azure/event-hubs';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, it } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../tools/local/cloud.ts';
import { type Hosts, startHosts } from '../../tools/local/hosts.ts';
import { buildFunctions } from '../../tools/package/build.ts';
import { entry } from '../../tools/proof/exampleEvents.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { until } from '../support/until.ts';
import { LocalState } from './localRun.ts';

const RECOVERS_WITHIN_MS = 100_000;
const MALFORMED = 'malformed';

let state: LocalState;
let cloud: LocalCloud;
let hosts: Hosts;
beforeAll(async () => {
  state = await LocalState.create();
  // This is a process of its own, as is every test file.
  Object.assign(process.env, state.environment, { METRICS_SCHEDULE: '*/5 * * * * *' });
  await buildFunctions();
  cloud = await startLocalCloud(() => {});
});
afterAll(async () => {
  await hosts?.stop();
  await cloud?.stop();
  await state.remove();
});

/** Old times, whatever this machine's clock says: none of them lies in the future. */
const body = (id: string) =>
  id === MALFORMED ? id : entry(id, { event_time: '2020-01-01T00:00:00Z', updated_at: null });

async function publish(...ids: string[]): Promise<void> {
  const producer = new EventHubProducerClient(cloud.emulator.connectionString, cloud.settings.topics.ledger);
  try {
    const events = ids.map((id) => ({ body: Buffer.from(JSON.stringify(body(id))) }));
    await producer.sendBatch(events, { partitionId: '0' });
  } finally {
    await producer.close();
  }
}

async function one(sql: string): Promise<Record<string, unknown>> {
  return await withClient(cloud.adminUrl, async (client) => (await client.query(sql)).rows[0]);
}

const counted = (events: number) =>
  until(`${events} events are counted`, RECOVERS_WITHIN_MS, async () => {
    const { once } = await one(
      'SELECT coalesce(sum(applied + dead_lettered), 0)::int AS once FROM sync.hourly_counters',
    );
    return once === events;
  });

const startHost = async () => {
  hosts = await startHosts(1, cloud.environment, state.directory, () => {});
};

/** Deletes the hub with all its events. */
async function recreateHub(): Promise<void> {
  await cloud.emulator.stop();
  rmSync(join(state.directory, 'event-hubs', 'data'), { recursive: true });
  await cloud.emulator.restart();
}

const checkpoints = () =>
  BlobServiceClient.fromConnectionString(cloud.environment['AzureWebJobsStorage']!).getContainerClient(
    'azure-webjobs-eventhub',
  );

async function deleteCheckpoints(): Promise<void> {
  for await (const blob of checkpoints().listBlobsFlat()) {
    if (blob.name.includes('/checkpoint/')) await checkpoints().deleteBlob(blob.name);
  }
}

/** The last number that the host is done with in the partition that is published to; -1 where it has no checkpoint. */
async function checkpoint(): Promise<number> {
  const topic = cloud.settings.topics.ledger.toLowerCase();
  for await (const { name, metadata } of checkpoints().listBlobsFlat({ includeMetadata: true })) {
    if (name.includes(`/${topic}/`) && name.endsWith('/checkpoint/0'))
      return Number(metadata!['sequencenumber']);
  }
  return -1;
}

const hostLog = () => readFileSync(join(state.directory, 'host-1.log'), 'utf8');

it('a hub is recreated: a new epoch begins and is reported, nothing is skipped, no dead letter is taken for a repeat', async () => {
  await startHost();
  await publish('a', MALFORMED, 'b', MALFORMED, 'c');
  await counted(5);
  await hosts.stop();
  await recreateHub();
  await deleteCheckpoints();
  await publish('d', MALFORMED, 'e', MALFORMED);
  await startHost();
  await counted(9);

  assert.deepEqual(
    await one(
      `SELECT (SELECT string_agg(tx_id, '' ORDER BY tx_id) FROM bo.ledger_entries) AS entries,
         (SELECT count(*)::int FROM bo.consumer_dlq_events) AS letters,
         (SELECT sum(redelivered)::int FROM sync.hourly_counters) AS redelivered,
         (SELECT string_agg(epoch || ' ' || seen, ', ') FROM sync.partitions) AS current,
         (SELECT string_agg(epoch || ' ' || seen, ', ') FROM sync.closed_epochs) AS closed,
         (SELECT count(*)::int FROM sync.sequence_gaps) AS gaps`,
    ),
    { entries: 'abcde', letters: 4, redelivered: 0, current: '1 {[0,4)}', closed: '0 {[0,5)}', gaps: 0 },
  );
  assert.match(hostLog(), /epochsStarted\W+\[1\]/);
});

const ids = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

it('its checkpoints are kept: its events come through repairs, until the host reads it from its beginning', async () => {
  await publish(...ids('old-', 20));
  await counted(29);
  await until('the checkpoint is written', RECOVERS_WITHIN_MS, async () => (await checkpoint()) === 23);
  await recreateHub();
  await publish(...ids('new-', 5));
  await counted(34);
  await until('the former checkpoint is gone', RECOVERS_WITHIN_MS, async () => (await checkpoint()) <= 4);
  await publish('last');
  await counted(35);
  await until('the stream has taken over', RECOVERS_WITHIN_MS, async () => (await checkpoint()) === 5);
  assert.match(hostLog(), /hub recreated: it is read from its beginning/);
  assert.match(hostLog(), /checkpoint of the former hub deleted/);
  assert.deepEqual(await lastEpochs(), { entries: 31, current: '2 {[0,6)}', gaps: 0 });
});

it('it has outgrown its predecessor before anybody looks: what lies before the old checkpoint is read too', async () => {
  await hosts.stop();
  await recreateHub();
  await publish(...ids('grown-', 40));
  await startHost();
  await until('all rows are there', RECOVERS_WITHIN_MS, async () => (await lastEpochs())['entries'] === 71);
  await until('no number is missing', RECOVERS_WITHIN_MS, async () => (await lastEpochs())['gaps'] === 0);
  await until('the new hub has an epoch', RECOVERS_WITHIN_MS, async () => {
    return (await lastEpochs())['current'] === '3 {[0,40)}';
  });
});

const lastEpochs = () =>
  one(
    `SELECT (SELECT count(*)::int FROM bo.ledger_entries) AS entries,
       (SELECT epoch || ' ' || seen FROM sync.partitions) AS current,
       (SELECT count(*)::int FROM sync.sequence_gaps) AS gaps`,
  );
