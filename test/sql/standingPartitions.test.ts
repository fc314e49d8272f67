import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { AttemptMarks } from '../../shared/ingest/attemptMarks.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { replay } from '../../shared/replay/replay.ts';
import { parseReplayRequest } from '../../shared/replay/request.ts';
import { forgetStanding } from '../../shared/store/checkpoints/forgetStanding.ts';
import { processedUpTo } from '../../shared/store/checkpoints/processedUpTo.ts';
import { recordMove } from '../../shared/store/checkpoints/recordMove.ts';
import {
  readStandingPartitions,
  type StandingPartition,
  writeStandingPartitions,
} from '../../shared/store/checkpoints/standingPartitions.ts';
import { recordLost } from '../../shared/store/replay/recordLost.ts';
import { withConnection } from '../../shared/store/withConnection.ts';
import { CANONICAL_SETTINGS, entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const TOPIC = 'ledger.entry.upserted';

describe('the marks of a handler that is called', () => {
  it('are left by batches that fail, with the kind of failure, and by no others', async (t) => {
    const { pool, rows } = await testDatabase(t);
    const marks = new AttemptMarks(pool);
    assert.equal(await marks.during(TOPIC, 1, async () => 'stored'), 'stored');
    const refused = Object.assign(new Error('permission'), { code: '42501' });
    await assert.rejects(
      marks.during(TOPIC, 2, () => Promise.reject(refused)),
      refused,
    );
    await until(
      'the mark is there',
      30_000,
      async () => (await rows('SELECT FROM sync.partition_attempts')).length > 0,
    );
    assert.deepEqual(await rows('SELECT partition, kind FROM sync.partition_attempts'), [
      { partition: '2', kind: 'infrastructure' },
    ]);
  });

  it('are left later where PostgreSQL could not take them', async (t) => {
    const { pool, rows } = await testDatabase(t);
    const marks = new AttemptMarks(pool);
    await pool.query('ALTER TABLE sync.partition_attempts RENAME TO away');
    for (const partition of [3, 4]) {
      await assert.rejects(
        marks.during(TOPIC, partition, () => Promise.reject(new Error('the connection is lost'))),
      );
    }
    await pool.query('ALTER TABLE sync.away RENAME TO partition_attempts');
    await until(
      'both marks are there',
      30_000,
      async () => (await rows('SELECT FROM sync.partition_attempts')).length === 2,
    );
  });
});

describe('the state of standing partitions', () => {
  it('is read as it was written, and a move is noted in it and in the audit log', async (t) => {
    const { pool, rows } = await testDatabase(t);
    const one: StandingPartition = {
      ...{ topic: TOPIC, partition: 1, next: 100, owner: 'host-a', standsFor: 50, seenAgo: 0 },
      ...{ askedTo: 1099, askedAgo: 20, movedAgo: null, moves: 2 },
    };
    const other = { ...one, partition: 2, owner: null, askedTo: null, askedAgo: null, movedAgo: 90 };
    await withConnection(pool, async (client) => {
      // In one transaction it is always the same moment.
      await client.query('BEGIN');
      await writeStandingPartitions(client, [one, other]);
      assert.deepEqual(await readStandingPartitions(client, { lock: true }), [one, other]);
      await client.query('COMMIT');
    });
    await recordMove(pool, { topic: TOPIC, partition: 1, actor: 'jo', from: null, to: 1099 });
    const [moved] = await readStandingPartitions(pool);
    assert.deepEqual([moved?.next, moved?.askedTo, moved?.askedAgo, moved?.moves], [1100, null, null, 3]);
    assert.notEqual(moved?.movedAgo, null);
    assert.deepEqual(await rows('SELECT actor, action, details, result FROM sync.audit_log'), [
      {
        ...{ actor: 'jo', action: 'checkpoint skip', details: `{"topic": "${TOPIC}", "partition": 1}` },
        result: '{"to": 1099, "from": null}',
      },
    ]);
  });
});

it('a move that waits for a run of the timer is noted in what that has written', async (t) => {
  const { pool } = await testDatabase(t);
  const one: StandingPartition = {
    ...{ topic: TOPIC, partition: 1, next: 100, owner: 'host-a', standsFor: 50, seenAgo: 0 },
    ...{ askedTo: 1099, askedAgo: 20, movedAgo: null, moves: 2 },
  };
  const others = [
    { ...one, partition: 2 },
    { ...one, partition: 3 },
  ];
  await withConnection(pool, (client) => writeStandingPartitions(client, [one, others[0]!]));
  let noted: Promise<void> | undefined;
  await withConnection(pool, async (client) => {
    await client.query('BEGIN');
    await readStandingPartitions(client, { lock: true });
    noted = recordMove(pool, { topic: TOPIC, partition: 1, actor: 'jo', from: 99, to: 1099 });
    await until('the move waits', 30_000, async () => {
      const { rows } = await pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    await writeStandingPartitions(client, [one, others[1]!]);
    await client.query('COMMIT');
  });
  await noted;
  const state = (await readStandingPartitions(pool)).map(({ partition, askedTo, moves }) => [
    partition,
    askedTo,
    moves,
  ]);
  assert.deepEqual(state, [
    [1, null, 3],
    [3, 1099, 2],
  ]);
  await forgetStanding(pool, TOPIC, 1);
  await forgetStanding(pool, TOPIC, 3);
  assert.deepEqual(
    (await readStandingPartitions(pool)).map(({ partition }) => partition),
    [1],
  );
});

it('a checkpoint may be moved as far as the ledger has no hole: what was processed, and what is lost', async (t) => {
  const { pool } = await testDatabase(t);
  const partition = new Partition(0, 10);
  const events = Array.from({ length: 10 }, (_, index) => partition.event(entry(`x${index}`)));
  const rules = rulesFor(pool, 'ledger');
  await ingest(rules, events.slice(0, 3));
  await ingest(rules, events.slice(5, 6));
  await ingest(rules, events.slice(8));
  const upTo = (from: number) => processedUpTo(pool, TOPIC, 0, from);
  assert.deepEqual(
    [await upTo(9), await upTo(10), await upTo(12), await upTo(13), await upTo(15), await upTo(18)],
    [undefined, 12, 12, undefined, 15, 19],
  );
  await recordLost(pool, TOPIC, 0, [{ from: 13, to: 14 }]);
  assert.equal(await upTo(10), 15);
});

it('a body that could not be read stays a dead letter, though its text for people would be an event', async (t) => {
  const { pool, rows } = await testDatabase(t);
  const unreadable = 'the body is an AMQP value that is a map with a number';
  const event = new Partition().event(entry('rounded'), { unreadable });
  await ingest(rulesFor(pool, 'ledger'), [event]);
  const request = parseReplayRequest({ select: {}, requested_by: 'jo' });
  const hub = new HubReader(() => Promise.reject(new Error('No hub is needed.')));
  const context = {
    settings: CANONICAL_SETTINGS,
    database: pool,
    hub,
    requestId: 'r',
    timeIsOver: () => false,
  };
  assert.equal(await replay(context, request), true);
  assert.deepEqual(
    await rows('SELECT error, error_detail, resolved_at, replay_count FROM bo.consumer_dlq_events'),
    [{ error: 'unreadable_body', error_detail: unreadable, resolved_at: null, replay_count: '1' }],
  );
  assert.deepEqual(await rows('SELECT FROM bo.ledger_entries'), []);
});
