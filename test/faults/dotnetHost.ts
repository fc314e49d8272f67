/**
 * A Functions host whose Event Hubs side is Microsoft's client for .NET, as in the real host:
 * `node dotnetHost.ts --app DIRECTORY --client DLL`, with the app's settings in the environment. It runs the functions with an
 * Event Hubs trigger. Prints {"ready":true} when the app is loaded; ends when its parent has gone.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { supplyCoreApi } from '../../tools/local/host/coreApi.ts';
import type { TypedData } from '../../tools/local/host/coreTypes.ts';
import { invoke, runHooks } from '../../tools/local/host/invocation.ts';
import { loadApp } from '../../tools/local/host/loadApp.ts';
import { logToStdout as log } from '../../tools/local/host/log.ts';
import {
  connectionString,
  isEventHubTrigger,
  readEventHubTrigger,
} from '../../tools/local/host/triggerSettings.ts';

/** A line of the client's standard output. */
interface Batch {
  readonly hub: string;
  readonly partition: string;
  /** In base64. */
  readonly bodies: readonly string[];
  readonly metadata: Readonly<Record<string, TypedData>>;
}

const { values } = parseArgs({ options: { app: { type: 'string' }, client: { type: 'string' } } });
const { app: folder, client: program } = values;
if (folder === undefined || program === undefined) throw new Error('--app and --client are needed.');

const app = supplyCoreApi(log);
await loadApp(folder, app);
await runHooks(app.hooks.appStart, { appHookData: app.appHookData, functionAppDirectory: folder });
const ingests = app.functions
  .filter(({ metadata }) => Object.values(metadata.bindings).some(({ type }) => isEventHubTrigger(type)))
  .map((registration) => ({
    registration,
    trigger: readEventHubTrigger(registration.metadata, process.env),
  }));
const [first] = ingests;
if (first === undefined) throw new Error('The app has no Event Hubs trigger.');

const client = spawn(
  'dotnet',
  [
    program,
    first.trigger.connectionString,
    connectionString('AzureWebJobsStorage', process.env),
    first.trigger.consumerGroup,
    ...ingests.map(({ trigger }) => trigger.eventHubName),
  ],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
process.once('disconnect', () => process.exit(0));
client.once('exit', (code) => process.exit(code ?? 1));
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
for await (const line of createInterface({ input: client.stdout })) void run(JSON.parse(line) as Batch);

async function run({ hub, partition, bodies, metadata }: Batch): Promise<void> {
  const ingest = ingests.find(({ trigger }) => trigger.eventHubName === hub);
  if (ingest === undefined) throw new Error(`No function reads ${hub}.`);
  const { registration, trigger } = ingest;
  const { name } = registration.metadata;
  const bytes = bodies.map((body) => Buffer.from(body, 'base64'));
  const request = {
    invocationId: randomUUID(),
    functionId: name,
    inputData: [{ name: trigger.bindingName, data: { collectionBytes: { bytes } } }],
    triggerMetadata: metadata,
    traceContext: { traceParent: '', traceState: '', attributes: {} },
  };
  const result = await invoke(app, registration, request, log);
  if (!result.ok) log('error', `Function.${name}`, `${result.error.stack}`, request.invocationId);
  client.stdin.write(`${hub} ${partition} ${result.ok ? 'ok' : 'failed'}\n`);
}
