import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { FaultBed } from './faultBed.ts';

const SEED = 65;
const OUTAGE_MS = 20_000;
const KILLS = 5;

describe(`outages that last, or come back, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(200);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  it('PostgreSQL is away for 20 s while publishing goes on', async () => {
    await bed.publish(100);
    await bed.cloud.postgres.stop();
    // The length of the outage is what is tested, not what the test waits for.
    for (const end = Date.now() + OUTAGE_MS; Date.now() < end; await delay(500)) await bed.publish(20);
    await bed.cloud.postgres.restart();
    await bed.publish(100);
    await bed.caughtUp();
    await bed.assertExact();
  });

  it(`the host is killed ${KILLS} times in a stream, wherever it is`, async () => {
    for (let kills = 0; kills < KILLS; kills++) {
      const publishing = bed.publish(200);
      const [pid] = bed.host.pids;
      bed.host.killAll();
      await publishing;
      await bed.untilRestarted(pid);
    }
    await bed.caughtUp();
    await bed.assertExact({ hostRestarts: KILLS });
  });
});
