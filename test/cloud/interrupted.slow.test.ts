import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { HAS_PROC } from '../../tools/local/processes/processTree.ts';
import { until } from '../support/until.ts';
import { LocalState } from './localRun.ts';

const STOPS_WITHIN_MS = 60_000;

describe('npm start, stopped before its end', () => {
  let state: LocalState;
  beforeAll(async () => {
    state = await LocalState.create();
  });
  afterAll(() => state.remove());

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
