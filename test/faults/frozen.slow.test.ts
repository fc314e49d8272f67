import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { HAS_PROC, signalTree } from '../../tools/local/processes/processTree.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

const SEED = 59;

describe(
  `PostgreSQL is frozen, seed ${SEED}`,
  skipBecause(!HAS_PROC && 'its processes are found in /proc'),
  () => {
    let bed: FaultBed;
    beforeAll(async () => {
      bed = await FaultBed.start(SEED);
      await bed.startHost();
      await bed.publish(200);
      await bed.caughtUp();
    });
    afterAll(async () => {
      signalTree(bed.cloud.postgres.pid, 'SIGCONT');
      await bed.stop();
    });

    const freezeWithBatchesUnderWay = async () => {
      signalTree(bed.cloud.postgres.pid, 'SIGSTOP');
      await bed.publish(150);
      await until('a batch waits for its answer', 30_000, () => !bed.database.idle);
    };

    it('for a moment: the batches wait for their answers', async () => {
      const before = await bed.redelivered();
      await freezeWithBatchesUnderWay();
      signalTree(bed.cloud.postgres.pid, 'SIGCONT');
      await bed.caughtUp();
      await bed.assertExact();
      assert.equal(await bed.redelivered(), before);
    });

    it('and cut off: it stores what it was told when it wakes, beside the hosts that tell it again', async () => {
      const before = await bed.redelivered();
      await freezeWithBatchesUnderWay();
      bed.database.cutAll();
      await bed.untilLogged(/PostgreSQL did not answer: [^"]*timeout/, () => bed.publish(20));
      signalTree(bed.cloud.postgres.pid, 'SIGCONT');
      await bed.caughtUp();
      await bed.untilRedelivered(before);
      await bed.assertExact();
    });

    it('one of its processes is killed: it ends all sessions and recovers', async () => {
      await bed.untilLogged(/is tried again/, async () => {
        await bed
          .asAdmin(async (locks) => {
            await locks.query('BEGIN; LOCK TABLE bo.ledger_entries');
            await bed.publish(150);
            await bed.untilWaiting(1);
            const { rows } = await locks.query<{ pid: number }>(
              `SELECT pid FROM pg_stat_activity WHERE application_name = 'backoffice-sync' AND wait_event_type = 'Lock'`,
            );
            process.kill(rows[0]!.pid, 'SIGKILL');
          })
          .catch(() => {});
      });
      await until('PostgreSQL answers', 30_000, () =>
        bed.progress().then(
          () => true,
          () => false,
        ),
      );
      await bed.caughtUp();
      await bed.assertExact();
    });
  },
);
