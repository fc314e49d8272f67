import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test } from 'vitest';
import { buildFunctions } from '../../tools/package/build.ts';
import { deployedFiles } from '../../tools/package/contents.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

test('the app finds the libraries that are files of their own', async () => {
  await buildFunctions();
  const imported = [...read('dist/functions.cjs').matchAll(/\bimport\("([^"]+)"\)/g)].map(
    (match) => match[1]!,
  );
  assert.deepEqual(
    [...new Set(imported)].sort(),
    ['event-hubs', 'identity', 'key-vault', 'storage-blob', 'telemetry'].map(
      (folder) => `./${folder}/index.cjs`,
    ),
  );
  const load = (file: string) => import(pathToFileURL(join(root, 'dist', file)).href);
  const { DefaultAzureCredential } = (await load('identity/index.cjs')) as typeof import('@azure/identity');
  assert.equal(typeof new DefaultAzureCredential().getToken, 'function');
  const { EventHubConsumerClient } = (await load(
    'event-hubs/index.cjs',
  )) as typeof import('@azure/event-hubs');
  assert.equal(typeof EventHubConsumerClient, 'function');
  const { ContainerClient } = (await load('storage-blob/index.cjs')) as typeof import('@azure/storage-blob');
  assert.equal(typeof ContainerClient, 'function');
  const { SecretClient } = (await load('key-vault/index.cjs')) as typeof import('@azure/keyvault-secrets');
  assert.equal(typeof SecretClient, 'function');
  const { AzureMonitor } = (await load(
    'telemetry/index.cjs',
  )) as typeof import('../../shared/metrics/azureMonitor.ts');
  assert.equal(typeof AzureMonitor, 'function');
});

test('what collects telemetry on its own is not in the package: the Functions host does that', async () => {
  await buildFunctions();
  const telemetry = read('dist/telemetry/index.cjs');
  assert.ok(telemetry.includes('AzureMonitorMetricExporter'));
  const collectors = ['HttpInstrumentation', 'PgInstrumentation', 'ConsoleInstrumentation'];
  const found = [...collectors, 'PerformanceCounterMetrics', 'QuickpulseClient', 'NodeSDK'].filter((name) =>
    telemetry.includes(name),
  );
  assert.deepEqual(found, []);
});

test('every file that is deployed is there after a build', async () => {
  await buildFunctions();
  const deployed = await deployedFiles();
  assert.ok(deployed.includes('dist/functions.cjs'));
  assert.deepEqual(
    deployed.filter((file) => !existsSync(join(root, file))),
    [],
  );
});
