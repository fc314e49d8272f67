import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { replay } from '../../shared/replay/replay.ts';
import { parseReplayRequest } from '../../shared/replay/request.ts';
import { readReplay } from '../../shared/store/replay/readReplay.ts';
import { exampleBody } from '../../tools/contracts/examples.ts';
import { CANONICAL_SETTINGS, entry, order, Partition } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const hub = new HubReader(() => Promise.reject(new Error('This test has no hub.')));
const select = { error: 'unsupported_schema_version' };

/**
 * The next release, which reads major version 2 as well: a copy of shared/ in which the reader of `schema_version` has
 * changed, and nothing else. Its replay runs on what this release has stored.
 */
async function nextRelease(folder: string): Promise<typeof replay> {
  cpSync(join(ROOT, 'shared'), join(folder, 'shared'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'shared/contracts/values.ts');
  const reader = readFileSync(file, 'utf8');
  const changed = reader.replace('/^1(?:\\.\\d+)*$/', '/^[12](?:\\.\\d+)*$/');
  assert.notEqual(changed, reader, 'the reader of schema_version is where it was');
  writeFileSync(file, changed);
  const { replay: ofNextRelease } = (await import(join(folder, 'shared/replay/replay.ts'))) as {
    replay: typeof replay;
  };
  return ofNextRelease;
}

test('a new major version waits as a dead letter, and the release that reads it brings it in, in its place', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'next-release-'));
  t.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const database = await testDatabase(t);
  const ledger = ingestRules(CANONICAL_SETTINGS, database.pool, 'ledger');
  const orders = ingestRules<LogicalTopic>(CANONICAL_SETTINGS, database.pool, 'payment_order');

  const partition = new Partition();
  const two = (txId: string, change: object) =>
    partition.event(entry(txId, { schema_version: '2', currency: 'KRW', ...change }));
  const received = await ingest(ledger, [
    partition.event(exampleBody('ledger/schema-version-1.7.json')),
    two('only-in-2', { amount: '7.10', related_id: 'order-of-2' }),
    two('since-then-newer', { amount: '1', version: 1 }),
    partition.event(entry('since-then-newer', { amount: '2', version: 2 })),
    partition.event(entry('newer-in-2', { amount: '1', version: 1 })),
    two('newer-in-2', { amount: '2', version: 2, schema_version: 2.1 }),
    two('still-broken', { amount: null }),
    two('of-version-3', { schema_version: '3' }),
  ]);
  assert.deepEqual(received.deadLetters, { unsupported_schema_version: 5 });
  assert.equal(received.outcomes.applied, 3);
  await ingest(orders, [new Partition(1).event(order('order-of-2', { schema_version: '2.0' }))]);

  const run = async (release: typeof replay, requestId: string) => {
    const request = parseReplayRequest({ select, requested_by: 'jo@example.com' });
    const settings = CANONICAL_SETTINGS;
    const context = { settings, database: database.pool, hub, requestId, timeIsOver: () => false };
    assert.equal(await release(context, request), true);
    const { examined, resolved, rejected } = (await readReplay(database.pool, requestId))!;
    return { examined, resolved, rejected };
  };
  const rows = () => database.rows('SELECT tx_id, amount, schema_version FROM bo.ledger_entries ORDER BY 1');
  const before = await rows();
  assert.deepEqual(
    await run(replay, 'before'),
    { examined: 6, resolved: 0, rejected: 6 },
    'this release still refuses them',
  );
  assert.deepEqual(await rows(), before);

  assert.deepEqual(await run(await nextRelease(folder), 'after'), { examined: 6, resolved: 4, rejected: 2 });
  assert.deepEqual(await rows(), [
    { tx_id: 'newer-in-2', amount: '2', schema_version: '2.1' },
    { tx_id: 'only-in-2', amount: '7.10', schema_version: '2' },
    { tx_id: 'since-then-newer', amount: '2', schema_version: null },
    { tx_id: 'tx-7', amount: '12500.00', schema_version: '1.7' },
  ]);
  assert.deepEqual(await database.rows('SELECT order_id, schema_version FROM bo.payment_orders'), [
    { order_id: 'order-of-2', schema_version: '2.0' },
  ]);
  assert.deepEqual(
    await database.rows(
      `SELECT error, error_detail, replay_count FROM bo.consumer_dlq_events
       WHERE resolution IS NULL ORDER BY error`,
    ),
    [
      {
        error: 'core_missing',
        error_detail: 'amount: missing, null or blank',
        replay_count: '2',
      },
      {
        error: 'unsupported_schema_version',
        error_detail:
          'schema_version: must be 1 or 1.x, of at most 1024 characters; found a string of 1 digit',
        replay_count: '2',
      },
    ],
  );
});
