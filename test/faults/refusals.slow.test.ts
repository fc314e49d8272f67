import { afterAll, beforeAll, describe, it } from 'vitest';
import { FaultBed } from './faultBed.ts';
import { REFUSALS } from './refusals.ts';

const SEED = 45;

describe(`the database refuses, and it is not the events' fault, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(200);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  for (const { what, state, begin, end } of REFUSALS) {
    it(`${what}: the batches wait until it is over`, async () => {
      await bed.sql(...begin);
      await bed.untilLogged(new RegExp(`is tried again: [^"]*SQLSTATE ${state}`), () => bed.publish(60));
      await bed.sql(...end);
      await bed.caughtUp();
      await bed.assertExact();
    });
  }

  it('a statement takes too long: it is cancelled, and the batch waits', async () => {
    await bed.asAdmin(async (locks) => {
      await locks.query('BEGIN; LOCK TABLE bo.ledger_entries');
      await bed.untilLogged(/is tried again: [^"]*SQLSTATE 57014/, async () => {
        await bed.publish(60);
        await bed.untilWaiting(1);
        await locks.query(
          `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'backoffice-sync' AND wait_event_type = 'Lock'`,
        );
      });
      await locks.query('ROLLBACK');
    });
    await bed.caughtUp();
    await bed.assertExact();
  });
});
