import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { unseenEvents } from '../../tools/proof/progress.ts';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

const SEED = 55;
const LEDGER = 'ledger.entry.upserted';
const PARTITIONS = 4;
const FIRST_HOST = { user: 'first_host', password: 'local' } as const;
/** The advisory lock that the first host has to wait for. */
const HELD = 1;

for (const [where, table] of [
  ['before it has written anything', 'bo.ledger_entries'],
  ['when all but the sequence numbers is written', 'sync.partitions'],
] as const) {
  describe(`a partition is stolen while its first host still writes, held ${where}, seed ${SEED}`, () => {
    let bed: FaultBed;
    beforeAll(async () => {
      bed = await FaultBed.start(SEED);
      const { user, password } = FIRST_HOST;
      await bed.sql(
        `CREATE ROLE ${user} LOGIN PASSWORD '${password}' IN ROLE bo_sync`,
        `CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
           IF session_user = '${user}' THEN PERFORM pg_advisory_xact_lock_shared(${HELD}); END IF;
           RETURN NULL;
         END $$`,
        `CREATE TRIGGER hold BEFORE INSERT OR UPDATE ON ${table} EXECUTE FUNCTION public.hold()`,
      );
      await bed.startHost({ login: FIRST_HOST });
      await bed.publish(200);
      await bed.caughtUp();
    });
    afterAll(() => bed.stop());

    /** How many partitions of the ledger have no event left. */
    const finished = () =>
      bed.asAdmin(async (client) => {
        const ranges = (await bed.ranges()).filter(({ topic }) => topic === LEDGER);
        const unseen = await Promise.all(ranges.map((range) => unseenEvents(client, [range])));
        return unseen.filter((count) => count === 0).length;
      });

    it('the second host takes the same events; both end, and nothing is counted twice', async () => {
      const before = await bed.redelivered();
      await bed.asAdmin(async (locks) => {
        await locks.query('SELECT pg_advisory_lock($1)', [HELD]);
        await bed.publish(400);
        await bed.untilWaiting(PARTITIONS, FIRST_HOST.user);
        await bed.startHost();
        // Either it gets past the first host, or it waits for the rows that the first host has written.
        if (table === 'bo.ledger_entries') {
          await until('the second host has stored its half', 60_000, async () => (await finished()) > 0);
        } else await bed.untilWaiting(1);
        await locks.query('SELECT pg_advisory_unlock($1)', [HELD]);
      });
      await bed.caughtUp();
      await bed.untilRedelivered(before);
      await bed.assertExact();
      assert.doesNotMatch(bed.hostLog(1), /was not stored/);
      assert.doesNotMatch(bed.hostLog(2), /was not stored/);
    });

    it('both go on', async () => {
      await bed.publish(300);
      await bed.caughtUp();
      await bed.assertExact();
    });
  });
}
