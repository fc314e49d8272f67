import assert from 'node:assert/strict';
import { test } from 'vitest';
import { AzureMonitor } from '../../shared/metrics/azureMonitor.ts';
import { TestTelemetry } from '../support/telemetry.ts';

const SPAN = {
  startedAt: Date.parse('2026-11-22T10:00:00Z'),
  seconds: 0.04,
  topic: 'ledger.entry.upserted',
  partition: 3,
  first: 100,
  transactionIds: ['4711'],
  events: Array.from({ length: 20 }, () => ({ enqueuedAt: Date.parse('2026-11-22T09:59:59Z') * 1000 })),
};
/** The last eight digits of a trace decide whether it is sampled. */
const traceParent = (lastDigits: string) => `00-0123456789abcdef01234567${lastDigits}-00f067aa0ba902b7-00`;

test('spans of transactions: a share of those that went well, all that are slow or failed, under their invocation', async (t) => {
  const telemetry = await TestTelemetry.start();
  const monitor = new AzureMonitor({ connectionString: telemetry.connectionString });
  t.onTestFinished(async () => {
    await monitor.shutdown();
    await telemetry.stop();
  });
  monitor.recordBatch({ ...SPAN, traceParent: traceParent('0ccccccc') });
  monitor.recordBatch({ ...SPAN, traceParent: traceParent('0ccccccd') });
  monitor.recordBatch({ ...SPAN, traceParent: undefined });
  monitor.recordBatch({
    ...SPAN,
    traceParent: traceParent('ffffffff'),
    seconds: 1,
  });
  monitor.recordBatch({
    ...SPAN,
    traceParent: traceParent('fffffffe'),
    transactionIds: [],
    failure: 'connection lost',
  });
  await monitor.flush();
  // A batch that failed is in no histogram: it comes again.
  assert.deepEqual(
    telemetry.of('consumer_event_lag_seconds').map(({ ItemCount, Max }) => [ItemCount, Max]),
    [[80, 2]],
  );

  const common = { topic: 'ledger.entry.upserted', partition: '3', first: '100', received: '20' };
  const row = { Name: 'ingest ledger.entry.upserted', ParentId: '00f067aa0ba902b7' };
  assert.deepEqual(telemetry.dependencies, [
    {
      ...row,
      Success: true,
      OperationId: '0123456789abcdef012345670ccccccc',
      ItemCount: 20,
      Properties: { ...common, transaction_ids: '4711' },
    },
    {
      ...row,
      Success: true,
      OperationId: '0123456789abcdef01234567ffffffff',
      ItemCount: 1,
      Properties: { ...common, transaction_ids: '4711' },
    },
    {
      ...row,
      Success: false,
      OperationId: '0123456789abcdef01234567fffffffe',
      ItemCount: 1,
      Properties: { ...common, failure: 'connection lost' },
    },
  ]);
});
