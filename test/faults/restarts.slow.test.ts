import { afterAll, beforeAll, describe, it } from 'vitest';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

const SEED = 53;

describe(`the broker and the checkpoints go away, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(200);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  it('the emulator is killed while a batch is under way, and comes back', async () => {
    const { emulator } = bed.cloud;
    await bed.asAdmin(async (locks) => {
      await locks.query('BEGIN; LOCK TABLE bo.ledger_entries');
      await bed.publish(300);
      await bed.untilWaiting(1);
      emulator.kill('SIGKILL');
      await emulator.ended;
      await locks.query('COMMIT');
    });
    await until('what was under way is stored', 30_000, () => bed.database.idle);
    await emulator.restart();
    await bed.publish(100);
    await bed.caughtUp();
    await bed.assertExact();
  });

  it('Azurite is killed, then the host: what it could not checkpoint is delivered again', async () => {
    const { azurite } = bed.cloud;
    const before = await bed.redelivered();
    azurite.kill('SIGKILL');
    await azurite.ended;
    await bed.publish(300);
    await bed.caughtUp();
    bed.host.killAll();
    await azurite.restart();
    await bed.untilRedelivered(before);
    await bed.publish(100);
    await bed.caughtUp();
    // A host that starts before Azurite does ends and is started once more.
    await bed.assertExact({ hostRestarts: bed.host.restarts });
  });

  it('PostgreSQL, Azurite and the emulator are killed together', async () => {
    const { emulator, azurite, postgres } = bed.cloud;
    const { restarts } = bed.host;
    await bed.publish(300);
    for (const part of [postgres, azurite, emulator]) part.kill('SIGKILL');
    await Promise.all([postgres.restart(), azurite.restart(), emulator.restart()]);
    await bed.publish(100);
    await bed.caughtUp();
    await bed.assertExact({ hostRestarts: restarts });
  });
});
