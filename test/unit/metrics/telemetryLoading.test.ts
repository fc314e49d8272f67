import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'vitest';
import { Telemetry } from '../../../shared/metrics/telemetry.ts';
import { TestTelemetry } from '../../support/telemetry.ts';

const { cache } = createRequire(import.meta.url);
const isLoaded = () => Object.keys(cache).some((file) => file.includes('/node_modules/applicationinsights/'));

test('the first batch is done before the telemetry is loaded, and none of its measurements is lost', async (t) => {
  const telemetry = await TestTelemetry.start();
  t.onTestFinished(() => telemetry.stop());
  const { connectionString } = telemetry;
  const sending = new Telemetry({ connectionString, identity: undefined });
  sending.recordCheckout(0.1);
  // Longer than a batch takes.
  await delay(500);
  assert.ok(!isLoaded());
  sending.recordBatch({
    topic: 'ledger.entry.upserted',
    partition: 3,
    first: 100,
    startedAt: Date.now(),
    seconds: 1,
    transactionIds: ['4711'],
    traceParent: undefined,
    events: [],
  });
  await sending.end();
  assert.ok(isLoaded());
  assert.deepEqual(
    telemetry.rows.map(({ Name, Sum }) => [Name, Sum]),
    [
      ['db_pool_checkout_latency_seconds', 0.1],
      ['consumer_batch_duration_seconds', 1],
    ],
  );
  assert.equal(telemetry.dependencies.length, 1);
});
