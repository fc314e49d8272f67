import assert from 'node:assert/strict';
import { EventHubProducerClient } from '@azure/event-hubs';
import type pg from 'pg';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { eventHubsConnectionString, postgresUrl } from '../../tools/target/localCloud.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { until } from '../support/until.ts';
import { type LocalRun, LocalState } from './localRun.ts';

const LEDGER = 'ledger.entry.upserted';
const STOPS_WITHIN_MS = 60_000;

async function hasEntry(client: pg.Client, txId: string): Promise<boolean> {
  const found = await client.query('SELECT FROM bo.ledger_entries WHERE tx_id = $1', [txId]);
  return found.rowCount === 1;
}

describe('npm start, until it is stopped', () => {
  let state: LocalState;
  let run: LocalRun;
  beforeAll(async () => {
    state = await LocalState.empty();
    run = state.start(['--rate', '20', '--seed', '3']);
    await run.printed('Publishing 20 a second, seed 3.');
  });
  afterAll(() => state.remove());

  it('stores what any Event Hubs client sends', async () => {
    const producer = new EventHubProducerClient(
      eventHubsConnectionString(state.ports.LOCAL_EVENT_HUBS_PORT),
      LEDGER,
    );
    const txId = `sent-by-hand-${process.pid}`;
    try {
      const body = {
        tx_id: txId,
        wallet_id: 'wallet-of-a-person',
        entry_type: 'PAYMENT',
        amount: '12345678901234567890.12',
        event_time: '2026-11-22T12:00:00Z',
      };
      await producer.sendBatch([{ body: Buffer.from(JSON.stringify(body)) }], { partitionKey: txId });
    } finally {
      await producer.close();
    }
    await withClient(postgresUrl(state.ports.LOCAL_POSTGRES_PORT), async (client) => {
      await until('the entry is in bo.ledger_entries', 20_000, () => hasEntry(client, txId));
      const { rows } = await client.query(
        'SELECT wallet_id, amount FROM bo.ledger_entries WHERE tx_id = $1',
        [txId],
      );
      assert.deepEqual(rows, [{ wallet_id: 'wallet-of-a-person', amount: '12345678901234567890.12' }]);
    });
  });

  it('refuses a second start on its state, and runs on', async () => {
    const second = await state.start(['--events', '1', '--exit']).ended(STOPS_WITHIN_MS);
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`A local cloud is running already on ${state.directory}`));
    assert.match(second.stderr, new RegExp(`process ${run.pid}: .*--rate 20`));
    assert.match(second.stderr, /LOCAL_STATE_DIRECTORY/);
    assert(run.runs);
    await withClient(postgresUrl(state.ports.LOCAL_POSTGRES_PORT), async (client) => {
      const stored = async () =>
        Number((await client.query('SELECT count(*) FROM bo.ledger_entries')).rows[0].count);
      const before = await stored();
      await until('more entries', 20_000, async () => (await stored()) > before);
    });
  });

  it('ends in order on SIGINT, and leaves nothing behind', async () => {
    assert.equal((await state.openPorts()).length, Object.keys(state.ports).length);
    run.signal('SIGINT');
    const { code, stderr } = await run.ended(STOPS_WITHIN_MS);
    assert.equal(code, 0, run.lastLines());
    assert.equal(stderr, '');
    assert.deepEqual(await state.openPorts(), []);
    assert.deepEqual(state.processes(), []);
  });
});
