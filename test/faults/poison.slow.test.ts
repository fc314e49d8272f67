import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';
import { asPublished, type PoisonEvent, poisonEvents, sendPoison } from './poison.ts';

// Events that fail in the host's binding, before the handler: the local host does with them what the real one does.

const SEED = 71;
const LEDGER = 'ledger.entry.upserted';
const EVERY_SECOND = '* * * * * *';
const execute = promisify(execFile);

/** The rows that the ledger has of these events, by the form in which they were sent; and the dead letters. */
async function found(bed: FaultBed, events: readonly PoisonEvent[]) {
  return bed.asAdmin(async (client) => {
    const ids = events.map(({ id }) => id);
    const stored = await client.query<{ tx_id: string; amount: string }>(
      'SELECT tx_id, trim_scale(amount)::text AS amount FROM bo.ledger_entries WHERE tx_id = ANY ($1)',
      [ids],
    );
    const letters = await client.query<{ error_detail: string }>(
      `SELECT error_detail FROM bo.consumer_dlq_events WHERE error = 'unreadable_body' ORDER BY error_detail`,
    );
    return {
      amounts: Object.fromEntries(
        stored.rows.map(({ tx_id: id, amount }) => [events.find((event) => event.id === id)!.form, amount]),
      ),
      details: letters.rows.map(({ error_detail: detail }) => detail),
    };
  });
}

const STORED = {
  ...{ 'value text': '1.1', 'value map': '12', 'map property': '1.1', 'list property': '1.1' },
  'number as key': '1.1',
};
const DETAILS = ['the body is an AMQP sequence of 2 elements', 'the body is an AMQP value that is a number'];

/** Waits until the host has checkpointed every event of the ledger's hub. */
async function checkpointed(bed: FaultBed): Promise<void> {
  const ranges = (await bed.ranges()).filter(({ topic }) => topic === LEDGER);
  await until('every checkpoint is at the end of its partition', 60_000, async () => {
    const checkpoints = await bed.checkpoints();
    return ranges.every(({ partition, last }) => checkpoints.get(`${LEDGER}/${partition}`) === last);
  });
}

describe(`events that the host cannot hand over, in the middle of 5,000, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    bed.cloud.environment['METRICS_SCHEDULE'] = EVERY_SECOND;
    await bed.startHost();
  });
  afterAll(() => bed.stop());

  it('all others are stored within two minutes, and each of them is a row or a named dead letter', async (t) => {
    const events = poisonEvents('drill');
    await bed.publish(2500);
    await bed.publishThrough(
      () => sendPoison(t, bed.cloud.emulator.port, LEDGER, events, [0, 1, 2, 3]),
      events.map(asPublished),
    );
    await bed.publish(2500);
    await bed.caughtUp(120_000);
    await bed.logged(/Exception binding parameter/);
    await bed.assertExact();
    assert.deepEqual(await found(bed, events), { amounts: STORED, details: DETAILS });
  });

  it('the host goes on by itself from behind them', async () => {
    await bed.publish(400);
    await bed.caughtUp(60_000);
    await checkpointed(bed);
    await bed.assertExact();
    const { rows } = await bed.asAdmin((client) =>
      client.query(`SELECT DISTINCT action, actor IN ('dlqReplay', 'syncMetrics') AS by_itself FROM sync.audit_log
        WHERE action = 'checkpoint skip'`),
    );
    assert.deepEqual(rows, [{ action: 'checkpoint skip', by_itself: true }]);
  });
});

describe(`what is no such event, seed ${SEED + 1}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED + 1);
    bed.cloud.environment['METRICS_SCHEDULE'] = EVERY_SECOND;
    await bed.startHost();
    await bed.publish(200);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  const count = async (query: string) =>
    Number((await bed.asAdmin((client) => client.query(query))).rows[0].count);

  /** Lets the partitions stand for an hour, as far as the timer knows, and waits for runs that have seen that. */
  const standForAnHour = async () => {
    const runs = new Set<string>();
    await until('the timer has run three times', 120_000, async () => {
      // Again and again: where the timer could not read the hub for a moment, it begins to count anew.
      await bed.sql(
        `UPDATE sync.standing_partitions SET since = since - interval '1 hour' WHERE since > now() - interval '1 hour'`,
      );
      const { rows } = await bed.asAdmin((client) =>
        client.query<{ seen: string | null }>(
          'SELECT max(seen_at)::text AS seen FROM sync.standing_partitions',
        ),
      );
      if (rows[0]!.seen !== null) runs.add(rows[0]!.seen);
      return runs.size >= 3;
    });
  };

  it('a permission that is missing: the handler is called, and fails', async () => {
    await bed.sql('REVOKE INSERT ON bo.ledger_entries, bo.payment_orders FROM bo_sync');
    await bed.publish(400);
    await until('the handler has left its marks', 60_000, async () => {
      return (
        (await count(
          'SELECT count(*) FROM sync.standing_partitions JOIN sync.partition_attempts USING (topic, partition)',
        )) > 0 &&
        (await count(
          'SELECT count(*) FROM sync.standing_partitions LEFT JOIN sync.partition_attempts a USING (topic, partition) WHERE a.at IS NULL',
        )) === 0
      );
    });
    await standForAnHour();
    assert.equal(await count('SELECT count(*) FROM sync.standing_partitions WHERE asked_to IS NOT NULL'), 0);
    assert.equal(await count('SELECT count(*) FROM sync.replay_requests'), 0);
    await bed.sql('GRANT INSERT ON bo.ledger_entries, bo.payment_orders TO bo_sync');
    await bed.caughtUp();
    await bed.assertExact();
  });

  it('a lock that is held: the handler is called, and waits', async () => {
    await bed.sql('TRUNCATE sync.partition_attempts');
    await bed.asAdmin(async (locks) => {
      await locks.query('BEGIN; LOCK TABLE bo.ledger_entries');
      await bed.publish(200);
      await until('the handler has left its marks', 60_000, async () => {
        return (await count(`SELECT count(*) FROM sync.partition_attempts WHERE kind = 'slow'`)) >= 4;
      });
      await standForAnHour();
      assert.equal(await count('SELECT count(*) FROM sync.replay_requests'), 0);
      await locks.query('COMMIT');
    });
    await bed.caughtUp();
    await bed.assertExact();
  });
});

describe(`checkpoint skip, seed ${SEED + 2}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED + 2);
    await bed.startHost();
    await bed.publish(400);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  async function cli(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    const result = await execute(
      process.execPath,
      ['tools/operator/main.ts', 'checkpoint', 'skip', ...words],
      {
        env: process.env,
      },
    ).catch((error: { code: number; stdout: string; stderr: string }) => error);
    return { code: 'code' in result ? result.code : 0, out: result.stdout, err: result.stderr };
  }

  it('shows the form, brings the batch in, sets the partition going, and is audited', async (t) => {
    const events = poisonEvents('by-hand');
    await bed.publishThrough(
      () => sendPoison(t, bed.cloud.emulator.port, LEDGER, events, [2]),
      events.map(asPublished),
    );
    await bed.logged(/Exception binding/);
    const question = await cli(LEDGER, '2');
    assert.equal(question.code, 2);
    assert.match(question.err, /--yes/);

    const { code, out, err } = await cli(LEDGER, '2', '--yes', '--json', '--as', 'jo@example.com');
    assert.equal(code, 0, err);
    assert.match(err, /"form":"the body is an AMQP value that is a number"/);
    assert.match(err, /"form":"an application property is a map or a list"/);
    assert.doesNotMatch(err + out, /by-hand/, 'no value is shown');
    const result = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([result['stored'], result['dead_lettered']], [5, 2]);
    await bed.publish(200);
    await bed.caughtUp();
    await bed.assertExact();
    assert.deepEqual(await found(bed, events), { amounts: STORED, details: DETAILS });
    const { rows } = await bed.asAdmin((client) =>
      client.query(`SELECT actor, details FROM sync.audit_log WHERE action = 'checkpoint skip'`),
    );
    assert.deepEqual(rows, [{ actor: 'jo@example.com', details: { topic: LEDGER, partition: 2 } }]);
  });

  it('moves nothing where the host is not behind, and refuses where numbers before were not processed', async () => {
    await checkpointed(bed);
    const nothing = await cli(LEDGER, '2', '--yes');
    assert.equal(nothing.code, 1);
    assert.match(nothing.err, /Nothing was moved/);
    await bed.sql(
      `UPDATE sync.partitions SET seen = seen - '{[1,2)}' WHERE topic = '${LEDGER}' AND partition = 2`,
    );
    const refused = await cli(LEDGER, '2', '--yes');
    assert.equal(refused.code, 2);
    assert.match(refused.err, /from 1 on/);
    assert.equal((await cli('no-such-hub', '2', '--yes')).code, 2);
  });
});
