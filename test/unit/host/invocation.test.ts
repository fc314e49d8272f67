import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { EventHubHandler } from '@azure/functions';
import { afterEach, test } from 'vitest';
import { type App, supplyCoreApi } from '../../../tools/local/host/coreApi.ts';
import { type InvocationResult, invoke } from '../../../tools/local/host/invocation.ts';

const logged: string[] = [];
const log = (...[level, category, message, id]: unknown[]) =>
  logged.push(`${level} ${category} ${message} ${id}`);
/** The library keeps what it asked for once: one core API serves all tests of this file. */
const app: App = supplyCoreApi(log);
const functions = createRequire(import.meta.url)('@azure/functions') as typeof import('@azure/functions');
const hooks: { dispose(): void }[] = [];
afterEach(() => {
  for (const hook of hooks.splice(0)) hook.dispose();
  logged.length = 0;
});

const TRIGGER = { connection: 'C', eventHubName: 'h', cardinality: 'many' as const };
let count = 0;

/** Registers a function and runs it once on one event. */
function run(handler: EventHubHandler): Promise<InvocationResult> {
  functions.app.eventHub(`f${++count}`, { ...TRIGGER, handler });
  const registration = app.functions.at(-1);
  assert(registration);
  const [name = ''] = Object.keys(registration.metadata.bindings);
  const request = {
    invocationId: 'i',
    functionId: 'f',
    triggerMetadata: {},
    inputData: [{ name, data: { collectionBytes: { bytes: [Buffer.from('one')] } } }],
    traceContext: { traceParent: '', traceState: '', attributes: {} },
  };
  return invoke(app, registration, request, log);
}

const failure = (result: InvocationResult) => (result.ok ? undefined : result.error.message);

test('what a handler throws fails the invocation, but for undefined and null as on the real worker', async () => {
  const throwing = (thrown: unknown) =>
    run(() => {
      throw thrown;
    });
  assert.equal(failure(await throwing(new Error('broken'))), 'broken');
  assert.equal(failure(await throwing('a text')), 'a text');
  assert.equal(failure(await throwing({ code: 7 })), '{"code":7}');
  assert.equal((await throwing(undefined)).ok, true);
  assert.equal((await throwing(null)).ok, true);
});

test('a result that the library cannot convert fails the invocation after the work is done', async () => {
  assert.match(failure(await run(() => 1n)) ?? '', /BigInt/);
});

test('hooks run around the handler, may replace its input, and share their data', async () => {
  const seen: unknown[] = [];
  hooks.push(
    functions.app.hook.preInvocation((context) => {
      context.inputs = ['replaced'];
      context.hookData['from'] = 'pre';
    }),
    functions.app.hook.postInvocation((context) => void seen.push(context.hookData['from'], context.result)),
  );
  assert.equal((await run((messages) => `got ${messages}`)).ok, true);
  assert.deepEqual(seen, ['pre', 'got replaced']);
});

test('a hook after the handler may turn a failure into a success', async () => {
  hooks.push(
    functions.app.hook.postInvocation((context) => {
      context.error = null;
    }),
  );
  assert.equal((await run(() => Promise.reject(new Error('broken')))).ok, true);
});

test('a hook that throws before the handler fails the invocation', async () => {
  let hasRun = false;
  hooks.push(
    functions.app.hook.preInvocation(() => {
      throw new Error('no');
    }),
  );
  const result = await run(() => {
    hasRun = true;
  });
  assert.equal(failure(result), 'no');
  assert.equal(hasRun, false);
});

test('what a handler logs has the function and the invocation on it', async () => {
  await run((_messages, context) => context.warn('look', 1));
  assert.deepEqual(logged, [`warning Function.f${count}.User look 1 i`]);
});

test('a function is refused when its name is taken or malformed, or when the app has started', () => {
  const register = (name: string) => functions.app.eventHub(name, { ...TRIGGER, handler: () => {} });
  register('taken');
  assert.throws(() => register('Taken'), /already been registered/);
  assert.throws(() => register('host'), /no valid function name/);
  assert.throws(() => register('1st'), /no valid function name/);
  app.loaded = true;
  assert.throws(() => register('late'), /only be registered during app startup/);
  app.loaded = false;
});
