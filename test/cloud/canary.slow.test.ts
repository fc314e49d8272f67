import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'vitest';
import { RECORD_TOPICS } from '../../shared/contracts/fields.ts';
import { TestKeyVault } from '../../tools/proof/keyVault.ts';
import type { FaultBed } from '../faults/faultBed.ts';
import { until } from '../support/until.ts';
import { MetricsBed } from './metricsBed.ts';

// Every value of every event says that it is one, and so does every secret: none of them may come out anywhere but in
// the tables that are made for it.

const SEED = 83;
const execute = promisify(execFile);

/** An event whose every value, key and odd member has a canary in it. */
function event(number: number, change: object = {}): Record<string, unknown> {
  const canary = (field: string) => `canary-${field}-${number}`;
  return {
    tx_id: canary('tx'),
    wallet_id: canary('wallet'),
    entry_type: canary('type'),
    related_id: canary('related'),
    order_id: canary('order'),
    user_id: canary('user'),
    merchant_name: canary('merchant'),
    status: canary('status'),
    amount: '8675309.42',
    event_time: '2026-11-22T11:00:00Z',
    created_at: '2026-11-22T11:00:00Z',
    updated_at: '2026-11-22T11:00:00Z',
    [canary('member')]: canary('value'),
    ...change,
  };
}

test('no value of an event, no id and no secret is in a log, a metric, an error or the audit log', async (t) => {
  const vault = await TestKeyVault.start();
  const createdAt = new Date(Date.now() - 86_400_000);
  const secrets = ['user-id-key', 'dead-letter-key'].map((name) => vault.add(name, { createdAt }).value);
  const metrics = await MetricsBed.start(SEED, { ...vault.environment, USER_ID_MODE: 'hmac' });
  const { bed, telemetry } = metrics;
  t.onTestFinished(async () => {
    await metrics.stop();
    await vault.stop();
  });

  const bodies = [
    JSON.stringify(event(1)),
    JSON.stringify(event(2, { amount: 'canary-amount' })),
    JSON.stringify(event(3, { updated_at: 'canary-time' })),
    JSON.stringify(event(4, { schema_version: 'canary-version' })),
    JSON.stringify(event(5, { tx_id: null, order_id: null })),
    JSON.stringify(event(6, { type: 'canary-other-type', created_at: 'canary-other-time' })),
    '{"canary-cut": "canary-cut-value',
    '"canary-text"',
    JSON.stringify(event(9, { wallet_id: 'canary\u0000wallet', merchant_name: 'canary\u0000merchant' })),
  ];
  const events = RECORD_TOPICS.flatMap((topic) =>
    bodies.map((body, index) => ({
      topic,
      key: `canary-key-${index}`,
      body: Buffer.from(body),
      fault: undefined,
    })),
  );
  await bed.publishEvents(events);
  await bed.caughtUp();
  // The database refuses a row whose message quotes it; then it refuses all of them.
  await bed.sql(`ALTER TABLE bo.payment_orders ADD CONSTRAINT planted CHECK (status NOT LIKE '%refused%')`);
  await bed.publishEvents(
    [event(20, { status: 'canary-refused', version: 5 })].map((body) => ({
      topic: 'payment_order',
      key: 'canary-key',
      body: Buffer.from(JSON.stringify(body)),
      fault: undefined,
    })),
  );
  await bed.caughtUp();
  await bed.untilLogged(/batch failed/, async () => {
    await bed.sql('ALTER TABLE bo.payment_orders RENAME TO payment_orders_away');
    await bed.publishEvents([
      {
        topic: 'payment_order',
        key: 'canary-key',
        body: Buffer.from(JSON.stringify(event(21))),
        fault: undefined,
      },
    ]);
  });
  await bed.sql('ALTER TABLE bo.payment_orders_away RENAME TO payment_orders');
  await bed.caughtUp();

  const outputs: string[] = [];
  const cli = async (...words: string[]) => {
    const { stdout, stderr } = await execute(process.execPath, ['tools/operator/main.ts', ...words], {
      env: { ...process.env, ...vault.environment },
    }).catch((error: { stdout: string; stderr: string }) => error);
    return { stdout, stderr };
  };
  for (const words of [
    ['replay', 'summary'],
    ['replay', 'list', '--all'],
    ['replay', 'run', '--dry-run', '--as', 'operator'],
    ['replay', 'run', '--yes', '--as', 'operator'],
    ['gaps'],
  ]) {
    const { stdout, stderr } = await cli(...words);
    outputs.push(stdout, stderr);
  }
  const { rows: letters } = await bed.asAdmin((client) =>
    client.query('SELECT dlq_id, error FROM bo.consumer_dlq_events ORDER BY dlq_id'),
  );
  assert.ok(letters.length >= 20, `${letters.length} dead letters`);
  // An operator who asks for a payload gets it, and that is known.
  const shown = await cli('replay', 'show', letters[0].dlq_id, '--as', 'operator');
  assert.match(shown.stdout, /canary-/);
  outputs.push(shown.stderr);
  const explained = await cli('explain', letters[0].dlq_id, '--as', 'operator');
  assert.match(explained.stdout, /^An event of /);
  outputs.push(explained.stdout, explained.stderr);
  await until('a span was sent', 60_000, () => telemetry.dependencies.length > 0);
  await metrics.nextRun();

  const { rows: stored } = await bed.asAdmin((client) =>
    client.query(
      `SELECT a::text AS row FROM sync.audit_log a UNION ALL SELECT r::text FROM sync.replay_requests r UNION ALL
       SELECT p::text FROM sync.partitions p UNION ALL SELECT h::text FROM sync.hourly_dead_letters h UNION ALL
       SELECT concat_ws(' ', error, error_detail, profile_id, resolution) FROM bo.consumer_dlq_events UNION ALL
       SELECT encode(payload, 'escape') FROM bo.consumer_dlq_events UNION ALL
       SELECT user_id FROM bo.payment_orders`,
    ),
  );
  const places: Record<string, string> = {
    ...Object.fromEntries(logsOf(bed).map((file) => [file, readFileSync(file, 'utf8')])),
    telemetry: JSON.stringify([telemetry.rows, telemetry.dependencies]),
    'command line': outputs.join('\n'),
    tables: stored.map(({ row }) => row).join('\n'),
  };
  assert.match(Object.values(places).join(''), /batch failed/);
  assert.match(places['tables']!, /v1\.[\w-]{43}/);
  const { DATABASE_URL, EventHubs, AzureWebJobsStorage } = bed.cloud.environment;
  const keys = [
    ...secrets,
    // The local cloud's password is an everyday word.
    `:${new URL(DATABASE_URL!).password}@`,
    /SharedAccessKey=([^;]+)/.exec(EventHubs!)![1]!,
    /AccountKey=([^;]+)/.exec(AzureWebJobsStorage!)![1]!,
  ];
  for (const [place, text] of Object.entries(places)) {
    const found = /.{0,80}(canary|8675309).{0,40}/i.exec(text);
    assert.equal(found, null, `${place}: ${found?.[0]}`);
    for (const [index, key] of keys.entries()) {
      assert.ok(!text.includes(key), `${place} has secret ${index}`);
    }
  }
});

function logsOf({ cloud }: FaultBed): string[] {
  return globSync('hosts-*/*.log', { cwd: cloud.stateDirectory }).map((file) =>
    join(cloud.stateDirectory, file),
  );
}
