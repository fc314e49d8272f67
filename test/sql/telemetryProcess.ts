import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { flushAzureMonitor, useAzureMonitor } from 'applicationinsights';
import { AzureMonitor } from '../../shared/metrics/azureMonitor.ts';

// A process that is asked over HTTP, asks over HTTP and PostgreSQL, and logs: what a library that collects on its own
// would report. `--automatic` switches that on beside the product's telemetry.

const connectionString = process.env['APPLICATIONINSIGHTS_CONNECTION_STRING']!;

if (process.argv.includes('--automatic')) {
  const host = /IngestionEndpoint=([^;]+?)\/?$/.exec(connectionString)![1]!;
  useAzureMonitor({
    azureMonitorExporterOptions: { connectionString, host, allowInsecureConnection: true },
    instrumentationOptions: { console: { enabled: true }, postgreSql: { enabled: true } },
    tracesPerSecond: 0,
  });
}
const monitor = new AzureMonitor({ connectionString });

// After the telemetry: whatever patches modules gets hold of these.
const require = createRequire(import.meta.url);
const http = require('node:http') as typeof import('node:http');
const pg = require('pg') as typeof import('pg');

const server = http.createServer((_request, response) => response.end('asked'));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
await new Promise<void>((answered) => {
  http.get(`http://127.0.0.1:${port}/asks`, (response) => response.resume().on('end', answered));
});
const client = new pg.Client(process.env['DATABASE_URL']);
await client.connect();
await client.query('SELECT 1');
await client.end();
console.error('a line of the log');
monitor.recordBatch({
  topic: 'ledger.entry.upserted',
  partition: 3,
  first: 100,
  startedAt: Date.now(),
  seconds: 1,
  transactionIds: ['4711'],
  traceParent: undefined,
  events: [],
});
await monitor.send([
  { name: 'consumer_kafka_lag', value: 5, attributes: { topic: 'ledger.entry.upserted', partition: '0' } },
]);
await Promise.all([monitor.flush(), flushAzureMonitor()]);
process.exit(0);
