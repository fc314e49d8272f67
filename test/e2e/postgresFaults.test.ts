import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildFunctions } from '../../scripts/build.ts';
import { FaultBed } from './faultBed.ts';
import { until } from './localRun.ts';

const SEED = 41;
const OUTAGE_MS = 20_000;
/** After an outage of 20 s the next attempt comes within half a minute; one that just missed it, within a minute. */
const RECOVERS_WITHIN_MS = 100_000;

describe(`PostgreSQL fails under the functions, seed ${SEED}`, () => {
  let bed: FaultBed;
  before(async () => {
    await buildFunctions();
    bed = await FaultBed.start(SEED);
  });
  after(() => bed.stop());

  /** Everything since the start of the bed is right: dead letters are the malformed events, no more. */
  const assertExact = async () => {
    const report = await bed.report();
    assert.deepEqual(report.failures, [], report.mismatch_examples.join('\n'));
    assert.equal(report.consumed, bed.published);
    assert.equal(report.gaps, 0);
    assert.equal(report.model_mismatches, 0);
    assert.equal(report.host_restarts, 0);
  };

  it('it is down when the host starts: the host is ready, says what is wrong, and waits', async () => {
    await bed.cloud.postgres.stop();
    await bed.publish(400);
    await bed.startHost();
    assert.equal(bed.hosts.pids.length, 1);
    assert.match(bed.hostLog, /"ready":true,"functions":\["ledgerIngest","orderIngest","pairIngest"\]/);
    const { port } = bed.cloud.postgres;
    const said = new RegExp(
      `was not stored and is tried again: PostgreSQL cannot be reached at 127\\.0\\.0\\.1:${port} `,
    );
    await until('the log says it', 30_000, () => said.test(bed.hostLog));
    assert.doesNotMatch(bed.hostLog, /batch ingested/);

    await bed.cloud.postgres.restart();
    await bed.caughtUp(RECOVERS_WITHIN_MS);
    await assertExact();
  });

  it('it is killed in mid-stream and comes back', async () => {
    const before = await bed.consumed();
    const publishing = bed.publish(1500);
    await until('the stream flows', 30_000, async () => (await bed.consumed()) > before);
    bed.cloud.postgres.kill('SIGKILL');
    await bed.cloud.postgres.ended;
    const logged = bed.hostLog.length;
    await publishing;
    await until('a batch fails', 30_000, async () => {
      await bed.publish(10);
      return bed.hostLog.slice(logged).includes('was not stored and is tried again');
    });
    await bed.cloud.postgres.restart();
    await bed.caughtUp(RECOVERS_WITHIN_MS);
    await assertExact();
  });

  it('it is away for 20 s while publishing goes on', async () => {
    await bed.publish(100);
    await bed.cloud.postgres.stop();
    // The length of the outage is what is tested, not what the test waits for.
    for (const end = Date.now() + OUTAGE_MS; Date.now() < end; await delay(500)) await bed.publish(20);
    await bed.cloud.postgres.restart();
    await bed.publish(100);
    await bed.caughtUp(RECOVERS_WITHIN_MS);
    await assertExact();
  });
});
