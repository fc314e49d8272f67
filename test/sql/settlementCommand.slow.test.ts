import assert from 'node:assert/strict';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { sweepSettlements } from '../../shared/store/settlement/sweepSettlements.ts';
import { Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { cli, loginWith } from '../support/operatorCommands.ts';
import { e } from './settlementEvents.ts';

test('settlement check lists what does not add up, and says by its exit code whether time may heal it', async (t) => {
  const database = await testDatabase(t);
  const url = await loginWith(t, database, 'bo_operator');
  const check = (...words: string[]) => cli(['settlement', 'check', ...words], { DATABASE_URL: url });
  const none = await check();
  assert.equal(none.code, 0, none.err);
  assert.equal(none.out, 'Every payment adds up.\n');

  const partition = new Partition();
  await ingest(rulesFor(database.pool, 'ledger'), [
    partition.event(e('p', 'PAYMENT')),
    partition.event(e('b', 'REFUND_IN', { related_id: 'other' })),
  ]);
  await sweepSettlements(database.pool, 10_000);
  const young = await check('--json');
  assert.equal(young.code, 0, young.err);
  const rows = JSON.parse(young.out) as { payment_order_id: string; kind: string; age_seconds: number }[];
  assert.deepEqual(rows.map(({ payment_order_id: id, kind }) => `${id} ${kind}`).sort(), [
    'o flow_unbalanced',
    'other flow_unbalanced',
    'other refund_without_payment',
  ]);
  assert.match(young.err, /flow_unbalanced: 2, 0 older than 60 s/);

  await database.pool.query(
    `UPDATE sync.settlement_violations SET since = since - interval '1 hour' WHERE kind = 'refund_without_payment'`,
  );
  const old = await check('--kind', 'refund_without_payment');
  assert.equal(old.code, 1, old.err);
  assert.match(old.out, /other/);
  assert.equal((await check('--kind', 'flow_unbalanced')).code, 0);
  assert.equal((await check('--kind', 'nonsense')).code, 2);

  const explained = await cli(['explain', 'other'], { DATABASE_URL: url });
  assert.match(explained.out, /Settlement: REFUND_ONLY\n/);
  assert.match(explained.out, /does not add up: flow_unbalanced, refund_without_payment/);
});
