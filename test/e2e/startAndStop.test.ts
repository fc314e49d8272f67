import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { EventHubProducerClient } from '@azure/event-hubs';
import type pg from 'pg';
import { HAS_PROC } from '../../tools/local/processes/processTree.ts';
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
  before(async () => {
    state = await LocalState.create();
    run = state.start(['--rate', '20', '--seed', '3']);
    await run.printed('Publishing 20 a second, seed 3.');
  });
  after(() => state.remove());

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

  it('ends on SIGINT while its hosts are being started again', async () => {
    const killed = state.start(['--rate', '20', '--hosts', '2', '--kill-hosts', '1']);
    await killed.printed('Functions host 1 ended by SIGKILL; it is started again.');
    await killed.printed('Functions host 2 ended by SIGKILL; it is started again.');
    const hosts = () => state.processes().filter((line) => line.includes('host/main.ts'));
    await until('hosts that run, but are not ready yet', 20_000, () => !HAS_PROC || hosts().length > 0);
    killed.signal('SIGINT');
    assert.equal((await killed.ended(STOPS_WITHIN_MS)).code, 0);
    assert.deepEqual(state.processes(), []);
  });

  it('is told by code 130 that it was stopped before the end', async () => {
    const early = state.start(['--events', '1000000', '--exit']);
    await early.printed('published ');
    early.signal('SIGTERM');
    assert.equal((await early.ended(STOPS_WITHIN_MS)).code, 130);
    assert.deepEqual(await state.openPorts(), []);
    assert.deepEqual(state.processes(), []);
  });
});

describe('npm start whose parts fail', {
  skip: !HAS_PROC && 'without /proc, the parts are not found',
}, () => {
  let state: LocalState;
  before(async () => {
    state = await LocalState.create();
  });
  after(() => state.remove());

  const parts = [
    ['PostgreSQL', '-D '],
    ['Azurite', 'azurite.js'],
  ] as const;

  it('starts an emulator that was killed again, and gives it up when that goes on', async () => {
    const run = state.start(['--rate', '20']);
    await run.printed('published ');
    const emulators = () => state.processes().filter((line) => line.includes('emulator/main.ts'));
    const kill = (line = '') => process.kill(Number.parseInt(line, 10), 'SIGKILL');
    for (let time = 1; time <= 2; time++) {
      const [emulator] = emulators();
      kill(emulator);
      await run.printed('The Event Hubs emulator ended by SIGKILL; it is started again.');
      await until('a new one runs', 20_000, () => emulators().length === 1 && emulators()[0] !== emulator);
    }
    kill(emulators()[0]);
    const { code, stderr } = await run.ended(STOPS_WITHIN_MS);
    assert.equal(code, 1);
    // The third may have been killed before it was ready.
    assert.match(stderr, /^The Event Hubs emulator .*in mid-run\./s);
    await until('no process is left', 20_000, () => state.processes().length === 0);
  });

  for (const [name, inCommand] of parts) {
    it(`says that ${name} was killed, and ends`, async () => {
      const run = state.start(['--rate', '20']);
      await run.printed('published ');
      const part = state.processes().find((line) => line.includes(inCommand));
      process.kill(Number.parseInt(part ?? '', 10), 'SIGKILL');
      const { code, stderr } = await run.ended(STOPS_WITHIN_MS);
      assert.equal(code, 1);
      assert.equal(stderr, `${name} ended by SIGKILL in mid-run. Its log is in ${state.directory}.\n`);
      await until('no process is left', 20_000, () => state.processes().length === 0);
    });
  }
});

describe('npm start that can not start', () => {
  let state: LocalState;
  before(async () => {
    state = await LocalState.create();
  });
  after(() => state.remove());

  for (const setting of [
    'LOCAL_POSTGRES_PORT',
    'LOCAL_EVENT_HUBS_PORT',
    'LOCAL_KAFKA_PORT',
    'LOCAL_QUEUE_PORT',
    'LOCAL_VIEW_PORT',
  ] as const) {
    it(`names the port that is taken and ${setting}, which moves it`, async () => {
      const port = state.ports[setting];
      const other = createServer().listen(port, '127.0.0.1');
      await once(other, 'listening');
      try {
        const { code, stderr } = await state.start(['--events', '1', '--exit']).ended(STOPS_WITHIN_MS);
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}: the port is taken by another program`));
        assert.match(stderr, new RegExp(`set ${setting} to another port`));
        assert.equal(stderr.trim().split('\n').length, 1);
      } finally {
        other.close();
      }
      assert.deepEqual(state.processes(), []);
      assert.deepEqual(await state.openPorts(), []);
    });
  }

  it('names every wrong setting in one message', async () => {
    const wrong = { EVENT_PROFILE_ID: 'nonsense', MAX_CLOCK_SKEW_SECONDS: 'x' };
    const { code, stdout, stderr } = await state.start([], wrong).ended(STOPS_WITHIN_MS);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^The settings are not valid; nothing was started\.\n/);
    assert.match(stderr, /^ {2}- EVENT_PROFILE_ID: there is no profile "nonsense"/m);
    assert.match(stderr, /^ {2}- MAX_CLOCK_SKEW_SECONDS: must be a whole number/m);
    assert.equal(stderr.trim().split('\n').length, 3);
  });

  it('refuses a port that is none, and --exit without an end', async () => {
    const noPort = await state.start([], { LOCAL_BLOB_PORT: 'many' }).ended(STOPS_WITHIN_MS);
    assert.equal(noPort.code, 1);
    assert.match(noPort.stderr, /LOCAL_BLOB_PORT must be a port from 1 to 65535, not "many"/);
    const noEnd = await state.start(['--exit']).ended(STOPS_WITHIN_MS);
    assert.equal(noEnd.code, 1);
    assert.match(noEnd.stderr, /--exit needs --events/);
    assert.deepEqual(state.processes(), []);
  });
});
