import { afterAll, beforeAll, describe, it } from 'vitest';
import { HAS_PROC, signalTree } from '../../tools/local/processes/processTree.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { FaultBed } from './faultBed.ts';

const SEED = 63;
/** The product's own time-outs are 60 s (PostgreSQL's for a statement) and 70 s (the client's for its answer). */
const TIMES_OUT_WITHIN_MS = 90_000;

describe(`a batch takes too long, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(200);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  it('a lock is held for more than a minute: PostgreSQL cancels the statement, and the batch waits', async () => {
    await bed.asAdmin(async (locks) => {
      await locks.query('BEGIN; LOCK TABLE bo.ledger_entries');
      await bed.untilLogged(/SQLSTATE 57014/, () => bed.publish(100), TIMES_OUT_WITHIN_MS);
      await locks.query('ROLLBACK');
    });
    await bed.caughtUp();
    await bed.assertExact();
  });

  it(
    'PostgreSQL does not answer for more than a minute: the host gives up the connection, and the batch waits',
    skipBecause(!HAS_PROC && 'the processes of PostgreSQL are found in /proc'),
    async () => {
      signalTree(bed.cloud.postgres.pid, 'SIGSTOP');
      try {
        const timeout = /PostgreSQL did not answer: Query read timeout/;
        await bed.untilLogged(timeout, () => bed.publish(100), TIMES_OUT_WITHIN_MS);
      } finally {
        signalTree(bed.cloud.postgres.pid, 'SIGCONT');
      }
      await bed.caughtUp();
      await bed.assertExact();
    },
  );
});
