import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, it, type TestContext } from 'vitest';
import { AzureMonitor } from '../../shared/metrics/azureMonitor.ts';
import { testDatabase } from '../support/database.ts';
import { TestTelemetry } from '../support/telemetry.ts';

const PROGRAM = fileURLToPath(new URL('./telemetryProcess.ts', import.meta.url));

async function ingestion(t: TestContext): Promise<TestTelemetry> {
  const telemetry = await TestTelemetry.start();
  t.onTestFinished(() => telemetry.stop());
  return telemetry;
}

/** What a process with HTTP, queries and logs has sent. */
async function sentByProcess(t: TestContext, ...options: string[]) {
  const telemetry = await ingestion(t);
  const { url } = await testDatabase(t);
  await promisify(execFile)(process.execPath, [PROGRAM, ...options], {
    env: { DATABASE_URL: url, APPLICATIONINSIGHTS_CONNECTION_STRING: telemetry.connectionString },
    timeout: 60_000,
  });
  const dependencies = telemetry.dependencies.map(({ Name }) => Name);
  return { types: telemetry.types, dependencies, metrics: telemetry.rows.map(({ Name }) => Name) };
}

describe('beside what the Functions host reports', () => {
  it('requests, dependencies, logs and counters of the process are not sent a second time', async (t) => {
    const { types, dependencies, metrics } = await sentByProcess(t);
    assert.deepEqual(types, ['MetricData', 'RemoteDependencyData']);
    assert.deepEqual(dependencies, ['ingest ledger.entry.upserted']);
    assert.deepEqual(metrics.sort(), ['consumer_batch_duration_seconds', 'consumer_kafka_lag']);
  });

  it('where the library collected on its own, they would be, and this test would see them', async (t) => {
    const { types, dependencies } = await sentByProcess(t, '--automatic');
    assert.deepEqual(types, ['MessageData', 'MetricData', 'RemoteDependencyData', 'RequestData']);
    assert.ok(dependencies.some((name) => name.startsWith('GET')));
    assert.ok(dependencies.some((name) => name.startsWith('pg')));
  });
});

describe('samples of a run', () => {
  it('are refused with an error, and not sent again by themselves', async (t) => {
    const telemetry = await ingestion(t);
    const monitor = new AzureMonitor({ connectionString: telemetry.connectionString });
    t.onTestFinished(() => monitor.shutdown());
    const lag = (value: number) =>
      monitor.send([
        { name: 'consumer_kafka_lag', value, attributes: { topic: 'a', partition: '0' } },
        { name: 'consumer_redelivered_total', value, attributes: { topic: 'a' } },
      ]);
    await lag(1);
    telemetry.refuses = true;
    await assert.rejects(lag(2));
    telemetry.refuses = false;
    await lag(3);
    await monitor.flush();
    assert.deepEqual(
      telemetry.rows.map(({ Name, Sum }) => [Name, Sum]),
      [1, 3].flatMap((value) => [
        ['consumer_kafka_lag', value],
        ['consumer_redelivered_total', value],
      ]),
    );
  });

  it('may be negative, as a difference is', async (t) => {
    const telemetry = await ingestion(t);
    const monitor = new AzureMonitor({ connectionString: telemetry.connectionString });
    t.onTestFinished(() => monitor.shutdown());
    await monitor.send([{ name: 'consumer_freshness_seconds', value: -2, attributes: { topic: 'a' } }]);
    assert.deepEqual(telemetry.latest('consumer_freshness_seconds'), { a: -2 });
  });
});

it('a connection string that is none is refused when it is used, not passed over in silence', () => {
  assert.throws(() => new AzureMonitor({ connectionString: 'IngestionEndpoint=http://127.0.0.1:1/' }));
});
