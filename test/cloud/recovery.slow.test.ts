import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { FaultBed } from '../faults/faultBed.ts';

// The operator's commands against the local cloud, whose host runs dlqReplay as a Function App does.

const SEED = 61;
const execute = promisify(execFile);

describe(`recovery through the queue and the command line, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(6000);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  /** A command as an operator runs it: the settings of the local cloud are found by its ports. */
  async function cli(...words: string[]): Promise<{ code: number; out: unknown; err: string }> {
    const found = await execute(process.execPath, ['tools/operator/main.ts', ...words, '--json'], {
      env: process.env,
    }).catch((error: { code: number; stdout: string; stderr: string }) => error);
    const code = 'code' in found ? found.code : 0;
    return { code, out: found.stdout === '' ? undefined : JSON.parse(found.stdout), err: found.stderr };
  }
  const open = async () =>
    Number((await bed.asAdmin((c) => c.query('SELECT count(*) FROM bo.consumer_dlq_events'))).rows[0].count);

  it('a replay of what is malformed for good resolves nothing, and says so', async () => {
    const letters = await open();
    assert.ok(letters > 0);
    const summary = await cli('replay', 'summary');
    assert.equal(summary.code, 0);
    assert.equal(
      (summary.out as { open: number }[]).reduce((sum, row) => sum + row.open, 0),
      letters,
    );
    const { code, out } = await cli('replay', 'run', '--yes', '--as', 'jo@example.com');
    const {
      request_id: id,
      left,
      ...counts
    } = out as Record<string, unknown> & { left: { outcome: string; error: string }[] };
    assert.equal(left.length, letters);
    assert.ok(left.every(({ outcome, error }) => outcome === 'still refused' && error !== ''));
    // Time has passed: what was in the future an hour ago still is.
    assert.deepEqual(counts, {
      dry_run: false,
      examined: letters,
      resolved: 0,
      rejected: letters,
      exhausted: 0,
      lost: 0,
    });
    assert.equal(code, 1);
    const again = await cli('replay', 'result', String(id));
    assert.equal((again.out as { status: string }).status, 'done');
    const { rows } = await bed.asAdmin((c) => c.query('SELECT actor, login FROM sync.audit_log'));
    assert.deepEqual(rows, [{ actor: 'jo@example.com', login: 'backoffice_functions' }]);
    assert.equal(await open(), letters);
  });

  it('a dead letter is shown whole, and its bytes as they came', async () => {
    const list = await cli('replay', 'list', '--error', 'not_json', '--limit', '1');
    const [letter] = list.out as { dlq_id: string }[];
    const { out } = await cli('replay', 'show', letter!.dlq_id);
    const { rows } = await bed.asAdmin((c) =>
      c.query('SELECT payload FROM bo.consumer_dlq_events WHERE dlq_id = $1', [letter!.dlq_id]),
    );
    assert.equal((out as { payload: string }).payload, rows[0].payload.toString('base64'));
  });

  it('a gap is named, filled, and gone', async () => {
    assert.deepEqual((await cli('gaps')).out, []);
    // As a host leaves it that moves its checkpoint past a batch that failed: the numbers are not there, nor the rows.
    const [gap] = await bed.asAdmin(async (c) => {
      const { rows } = await c.query(
        `UPDATE sync.partitions SET seen = seen - int8multirange(int8range(100, 300))
         WHERE topic = $1 AND partition = 0 RETURNING topic, partition`,
        [bed.cloud.settings.topics.ledger],
      );
      await c.query(
        'DELETE FROM bo.ledger_entries WHERE source_partition = 0 AND source_sequence BETWEEN 100 AND 299',
      );
      return rows as { topic: string; partition: number }[];
    });
    const named = await cli('gaps');
    assert.deepEqual([named.code, named.out], [1, [{ ...gap, epoch: 0, from: 100, to: 299, events: 200 }]]);
    const repaired = await cli('gaps', '--repair');
    assert.equal(repaired.code, 0, repaired.err);
    const [result] = repaired.out as { stored: number; dead_lettered: number; lost: number }[];
    assert.equal(result!.stored + result!.dead_lettered, 200);
    assert.equal(result!.lost, 0);
    assert.deepEqual((await cli('gaps')).out, []);
    const report = await bed.report();
    assert.equal(report.model_mismatches, 0, report.mismatch_examples.join('\n'));
    assert.equal(report.gaps, 0);
  });

  it('published scenarios arrive as they mean to', async () => {
    const published = await cli('publish', '--scenario', 'ambiguous', '--count', '50', '--seed', '5');
    assert.deepEqual([published.code, (published.out as { published: number }).published], [0, 50]);
    await bed.caughtUp();
    const { rows } = await bed.asAdmin((c) =>
      c.query(
        `SELECT pairing_status, count(*)::int FROM bo.payment_ledger_pairs
         WHERE payment_order_id LIKE 'order-ambiguous-5-%' GROUP BY 1`,
      ),
    );
    assert.deepEqual(rows, [{ pairing_status: 'AMBIGUOUS', count: 10 }]);
  });

  it('a bare replay run names what it would replay, and does nothing where nobody can be asked', async () => {
    const { code, out, err } = await cli('replay', 'run');
    assert.deepEqual([code, out], [2, undefined]);
    assert.match(err, /No selection: it is about to bring in every open dead letter: \d+ \w+ of [\w.]+, /);
  });

  it('a selection that matches nothing that there is is an error', async () => {
    for (const [words, says] of [
      [['run', '--ids', '999999999'], /There is no dead letter 999999999/],
      [
        ['run', '--topic', 'ledger.entry.upsertd'],
        /There is no topic ledger\.entry\.upsertd.*The topics: ledger/,
      ],
      [['list', '--topic', 'ledger.entry.upsertd'], /There is no topic/],
    ] as const) {
      const { code, out, err } = await cli('replay', ...words);
      assert.deepEqual([code, out], [2, undefined]);
      assert.match(err, says);
    }
  });

  it('dead letters of a key, and a table that fits a terminal', async () => {
    await bed.sql(
      `UPDATE bo.consumer_dlq_events SET key = 'a key' WHERE dlq_id = (SELECT max(dlq_id) FROM bo.consumer_dlq_events)`,
    );
    const { out } = await cli('replay', 'list', '--key', 'a key');
    assert.equal((out as object[]).length, 1);
    const list = async (...words: string[]) =>
      (await execute(process.execPath, ['tools/operator/main.ts', 'replay', 'list', ...words])).stdout.split(
        '\n',
      );
    assert.ok((await list()).every((line) => line.length <= 80));
    assert.ok((await list('--wide')).some((line) => line.length > 80));
  });

  it('wrong use and wrong settings say what to do', async () => {
    const usage = await cli('replay', 'run', '--ids', 'seventeen');
    assert.deepEqual([usage.code, usage.out], [2, undefined]);
    assert.match(usage.err, /--ids.*whole number/);
    const both = await cli('replay', 'run', '--ids', '1', '--topic', 'x');
    assert.deepEqual(both.code, 2);
    const unknown = await cli('replay', 'result', 'never');
    assert.match(unknown.err, /There is no such request/);
    const { AzureWebJobsStorage, DATABASE_URL } = bed.cloud.environment;
    const away = { AzureWebJobsStorage: AzureWebJobsStorage!.replace(/:\d+\//g, ':9/'), DATABASE_URL };
    const noQueue = await execute(
      process.execPath,
      ['tools/operator/main.ts', 'replay', 'run', '--error', 'not_json', '--no-wait'],
      {
        env: { ...process.env, ...away },
      },
    ).catch((error: { code: number; stderr: string }) => error);
    assert.equal('code' in noQueue && noQueue.code, 3);
    assert.match(
      noQueue.stderr,
      /\nThe queue dlq-replay at 127\.0\.0\.1:9 did not take the request \(ECONNREFUSED\)/,
    );
  });
});
