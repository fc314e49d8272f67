import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { PartitionRange } from '../../tools/proof/brokerLog.ts';
import { unseenEvents } from '../../tools/proof/progress.ts';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

const SEED = 57;
const LEDGER = 'ledger.entry.upserted';
const FINITE_RETRY = fileURLToPath(new URL('../fixtures/apps/finiteRetry/main.cjs', import.meta.url));

interface Gap {
  topic: string;
  partition: number;
  epoch: number;
  first_number: string;
  last_number: string;
}

/**
 * The trap of the Event Hubs trigger: its checkpoint moves past a batch whose retries are at an end. The product
 * retries for ever; here it is deployed with one retry, to see what is known of the events that it then never gets.
 */
describe(`a host moves its checkpoint past a batch that failed, seed ${SEED}`, () => {
  let bed: FaultBed;
  let skipped: Gap[];
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost({ main: FINITE_RETRY });
    await bed.publish(400);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  const ledgerRanges = async () => (await bed.ranges()).filter(({ topic }) => topic === LEDGER);
  const gaps = () =>
    bed.asAdmin(async (client) => {
      const { rows } = await client.query<Gap>('SELECT * FROM sync.sequence_gaps ORDER BY topic, partition');
      return rows;
    });
  /** Every event up to the end of these partitions was delivered, and the checkpoints say so. */
  const checkpointed = (ranges: readonly PartitionRange[]) =>
    until('the checkpoints are at the end of the partitions', 60_000, async () => {
      const checkpoints = await bed.checkpoints();
      return ranges.every(({ topic, partition, last }) => checkpoints.get(`${topic}/${partition}`) === last);
    });

  it('the sequence ledger names the missing numbers exactly', async () => {
    const stored = await ledgerRanges();
    await checkpointed(stored);
    assert.deepEqual(await gaps(), []);

    await bed.sql('REVOKE INSERT ON bo.ledger_entries FROM bo_sync');
    await bed.publish(400);
    const lost = await ledgerRanges();
    await checkpointed(lost);
    await bed.sql('GRANT INSERT ON bo.ledger_entries TO bo_sync');
    skipped = stored.map(({ topic, partition, last }, index) => ({
      topic,
      partition,
      epoch: 0,
      first_number: String(last + 1),
      last_number: String(lost[index]!.last),
    }));

    await bed.publish(400);
    await checkpointed(await bed.ranges());
    assert.deepEqual(await gaps(), skipped);
  });

  it('the check counts them, and finds everything else right', async () => {
    const missing = skipped.reduce(
      (sum, gap) => sum + Number(gap.last_number) - Number(gap.first_number) + 1,
      0,
    );
    assert(missing > 100);
    const report = await bed.report();
    assert.equal(report.gaps, missing);
    assert.equal(report.consumed, bed.published - missing);
    assert.equal(report.ok, false);
    assert.equal(report.failures[0], `sequence numbers that were never processed: ${missing}, not 0`);
    await bed.asAdmin(async (client) => {
      assert.equal(await unseenEvents(client, await bed.ranges()), missing);
    });
  });

  it('once they are delivered, nothing is missing', async () => {
    await bed.forgetCheckpoints();
    await bed.caughtUp();
    assert.deepEqual(await gaps(), []);
    await bed.assertExact({ hostRestarts: 1 });
  });
});
