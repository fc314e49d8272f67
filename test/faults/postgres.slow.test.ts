import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

const SEED = 41;

describe(`PostgreSQL fails under the functions, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
  });
  afterAll(() => bed.stop());

  it('it is down when the host starts: the host is ready, says what is wrong, and waits', async () => {
    await bed.cloud.postgres.stop();
    await bed.publish(400);
    const { port } = bed.cloud.postgres;
    await bed.startHost({ databasePort: port });
    assert.equal(bed.host.pids.length, 1);
    await bed.logged(/"ready":true,"functions":\["ledgerIngest","orderIngest","pairIngest"/);
    const said = new RegExp(
      `was not stored and is tried again: PostgreSQL cannot be reached at 127\\.0\\.0\\.1:${port} `,
    );
    await bed.logged(said);
    assert.doesNotMatch(bed.hostLog(), /batch ingested/);

    await bed.cloud.postgres.restart();
    await bed.caughtUp();
    await bed.assertExact();
  });

  it('it is killed in mid-stream and comes back', async () => {
    const before = (await bed.progress()).consumed;
    const publishing = bed.publish(1500);
    await until('the stream flows', 30_000, async () => (await bed.progress()).consumed > before);
    bed.cloud.postgres.kill('SIGKILL');
    await bed.cloud.postgres.ended;
    const logged = bed.hostLog().length;
    await publishing;
    await until('a batch fails', 30_000, async () => {
      await bed.publish(10);
      return bed.hostLog().slice(logged).includes('was not stored and is tried again');
    });
    await bed.cloud.postgres.restart();
    await bed.caughtUp();
    await bed.assertExact();
  });
});
