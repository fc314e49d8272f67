import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { HAS_PROC } from '../../tools/local/processes/processTree.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { until } from '../support/until.ts';
import { LocalState } from './localRun.ts';

const STOPS_WITHIN_MS = 60_000;

describe(
  'npm start whose parts fail',
  skipBecause(!HAS_PROC && 'without /proc, the parts are not found'),
  () => {
    let state: LocalState;
    beforeAll(async () => {
      state = await LocalState.create();
    });
    afterAll(() => state.remove());

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
        await until('a new one runs', 20_000, () => {
          const [other, ...more] = emulators();
          return other !== undefined && other !== emulator && more.length === 0;
        });
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
  },
);

describe('npm start that can not start', () => {
  let state: LocalState;
  beforeAll(async () => {
    state = await LocalState.create();
  });
  afterAll(() => state.remove());

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
