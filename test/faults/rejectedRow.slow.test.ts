import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { SyntheticEvent } from '../../tools/proof/synthetic/payments.ts';
import { FaultBed } from './faultBed.ts';
import type { CutPoint } from './postgresProxy.ts';

const SEED = 49;
const REFUSED = 'wallet-that-the-database-refuses';

let entries = 0;

/** An entry that keeps its contract, and that a constraint of this test refuses. */
function refusedEntry(): SyntheticEvent {
  const id = `refused-${entries++}`;
  const time = new Date().toISOString();
  const body = { tx_id: id, wallet_id: REFUSED, entry_type: 'PAYMENT', amount: '1.00', event_time: time };
  return {
    topic: 'ledger',
    key: 'one',
    body: Buffer.from(JSON.stringify(body)),
    fault: 'rejected_by_database',
  };
}

describe(`a row that only the database refuses, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.sql(`ALTER TABLE bo.ledger_entries ADD CONSTRAINT refused CHECK (wallet_id <> '${REFUSED}')`);
    await bed.startHost();
  });
  afterAll(() => bed.stop());

  /** Events of one partition that the host gets in one batch, since it has to wait for a lock before. */
  const publishInOneBatch = async (events: readonly SyntheticEvent[]) => {
    await bed.asAdmin(async (locks) => {
      await locks.query('BEGIN; LOCK TABLE bo.ledger_entries');
      const [waiting] = ofOnePartition(20).filter(({ fault }) => fault === undefined);
      await bed.publishEvents([waiting!]);
      await bed.untilWaiting(1);
      await bed.publishEvents(events);
      await locks.query('COMMIT');
    });
  };
  const ofOnePartition = (count: number) =>
    bed
      .nextEvents(4 * count)
      .filter(({ topic }) => topic === 'ledger')
      .slice(0, count)
      .map((event) => ({ ...event, key: 'one' }));

  it('the batch is halved; only the guilty event is a dead letter', async () => {
    await publishInOneBatch([...ofOnePartition(70), refusedEntry(), ...ofOnePartition(50)]);
    await bed.caughtUp();
    await bed.assertExact();
    const { rows } = await bed.asAdmin((client) =>
      client.query("SELECT error_detail FROM bo.consumer_dlq_events WHERE error = 'rejected_by_database'"),
    );
    assert.deepEqual(rows, [{ error_detail: 'SQLSTATE 23514' }]);
    await bed.logged(/\\"rejected_by_database\\":1/);
  });

  it('several guilty events, first and last of their batch among them', async () => {
    await publishInOneBatch([
      refusedEntry(),
      ...ofOnePartition(20),
      refusedEntry(),
      refusedEntry(),
      ...ofOnePartition(20),
      refusedEntry(),
    ]);
    await bed.caughtUp();
    await bed.assertExact();
  });

  const cuts: readonly [string, Pick<CutPoint, 'from' | 'type' | 'after'>][] = [
    ['as it begins', { from: 'host', type: 'Q' }],
    ['as it is told of the refusal', { from: 'database', type: 'E', after: 1 }],
    ['before its first half is rolled back', { from: 'host', type: 'Q', after: 1 }],
    ['in the middle', { from: 'host', type: 'Q', after: 4 }],
  ];
  for (const [when, point] of cuts) {
    it(`the connection is cut while a batch is halved, ${when}`, async () => {
      const cut = bed.database.cutAt({ ...point, phase: 'batch', arrives: 'nothing' });
      await publishInOneBatch([...ofOnePartition(20), refusedEntry(), ...ofOnePartition(20)]);
      await cut;
      await bed.caughtUp();
      await bed.assertExact();
    });
  }
});
