import assert from 'node:assert/strict';
import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

// A message comes back half a minute after its host died: that is what these tests wait for.

const SEED = 83;

describe(`a host dies in the middle of a replay and of a repair, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(4000);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  const send = (request: object) =>
    new QueueClient(bed.cloud.azurite.connectionString, 'dlq-replay').sendMessage(
      Buffer.from(JSON.stringify({ requested_by: 'test', ...request })).toString('base64'),
    );
  const request = async (id: string) => {
    const { rows } = await bed.asAdmin((client) =>
      client.query(
        'SELECT status, examined::int, resolved::int, rejected::int, lost::int FROM sync.replay_requests WHERE request_id = $1',
        [id],
      ),
    );
    return rows[0] as Record<string, unknown> | undefined;
  };

  /** Kills the host while its ingest waits for a table that somebody has locked. */
  async function killWhileItWaits(message: object): Promise<void> {
    await bed.asAdmin(async (client) => {
      await client.query('BEGIN');
      await client.query('LOCK TABLE sync.partitions IN EXCLUSIVE MODE');
      await send(message);
      await bed.untilWaiting(1);
      const [pid] = bed.host.pids;
      bed.host.killAll();
      await bed.untilRestarted(pid);
      await client.query('ROLLBACK');
    });
  }

  it('every dead letter is examined once in the end, and none is resolved twice', async () => {
    const { rows } = await bed.asAdmin((client) =>
      client.query('SELECT count(*)::int AS letters FROM bo.consumer_dlq_events'),
    );
    const { letters } = rows[0] as { letters: number };
    await killWhileItWaits({ select: {}, request_id: 'killed-replay' });
    await until(
      'the request is done',
      100_000,
      async () => (await request('killed-replay'))?.['status'] === 'done',
    );
    assert.deepEqual(await request('killed-replay'), {
      status: 'done',
      examined: letters,
      resolved: 0,
      rejected: letters,
      lost: 0,
    });
    const audited = await bed.asAdmin((client) => client.query('SELECT FROM sync.audit_log'));
    assert.equal(audited.rowCount, 1);
  });

  it('a gap is filled all the same', async () => {
    const { topics } = bed.cloud.settings;
    await bed.sql(
      `UPDATE sync.partitions SET seen = seen - int8multirange(int8range(50, 150)) WHERE topic = '${topics.ledger}' AND partition = 1`,
      'DELETE FROM bo.ledger_entries WHERE source_partition = 1 AND source_sequence BETWEEN 50 AND 149',
    );
    const gap = { topic: topics.ledger, partition: 1, from: 50, to: 149 };
    await killWhileItWaits({ select: { gap }, request_id: 'killed-repair' });
    await until(
      'the request is done',
      100_000,
      async () => (await request('killed-repair'))?.['status'] === 'done',
    );
    // The server ends the statement of a client that is gone: then the gap is filled, and the next run finds nothing to do.
    assert.ok([0, 100].includes(Number((await request('killed-repair'))?.['examined'])));
    await bed.caughtUp();
    const report = await bed.report();
    assert.deepEqual([report.gaps, report.model_mismatches], [0, 0], report.mismatch_examples.join('\n'));
  });
});
