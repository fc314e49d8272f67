import assert from 'node:assert/strict';
import { test } from 'vitest';
import { AvroInput } from '../../../shared/contracts/avroInput.ts';
import { compileAvroSchema } from '../../../shared/contracts/avroSchema.ts';
import { SchemaRegistryError } from '../../../shared/schemas/schemaRegistryError.ts';
import { schemaSource } from '../../../shared/schemas/schemaSource.ts';
import { describeFailure } from '../../../shared/store/describeFailure.ts';
import { answering, type TestRegistry, testRegistry } from '../../support/schemaRegistry.ts';

const STRING = [200, { schema: '"string"' }] as const;
const AZURE_ID = '0123456789abcdef0123456789abcdef';

const sourceOf = (registry: TestRegistry, now?: () => number) =>
  schemaSource(
    {
      files: new Map(),
      confluent: { url: `${registry.url}/ccompat`, user: 'sync', password: () => Promise.resolve('geheim') },
    },
    now,
  );
const ids = (...all: string[]) => new Set(all);

test('a schema is asked for once, with the credentials, however many batches need it at a time', async () => {
  const registry = await testRegistry();
  registry.answers.set('/ccompat/schemas/ids/7', STRING);
  const schemas = sourceOf(registry);
  const all = await Promise.all(Array.from({ length: 20 }, () => schemas.read(ids('7'))));
  for (const found of all) assert.equal(found.get('7')!(new AvroInput(Buffer.from('\u0008tx-1'))), 'tx-1');
  const basic = Buffer.from('sync:geheim').toString('base64');
  assert.deepEqual(registry.requests, [`/ccompat/schemas/ids/7 Basic ${basic}`]);
  // It serves while the registry is away.
  registry.broken = answering(503);
  assert.ok((await schemas.read(ids('7'))).has('7'));
});

test('an id that the registry does not know is asked for again a minute later', async () => {
  const registry = await testRegistry();
  let now = 0;
  const schemas = sourceOf(registry, () => now);
  assert.equal((await schemas.read(ids('7', '8'))).size, 0);
  registry.answers.set('/ccompat/schemas/ids/7', STRING);
  assert.equal((await schemas.read(ids('7'))).size, 0);
  now = 60_000;
  assert.equal((await schemas.read(ids('7'))).size, 1);
  assert.equal(registry.requests.length, 3);
});

test('a registry that is away, refuses, or is none, is an outage, and says what to look at', async () => {
  const registry = await testRegistry();
  const schemas = sourceOf(registry);
  const broken: readonly (readonly [NonNullable<TestRegistry['broken']>, RegExp])[] = [
    [answering(500), /answered with status 500: the batch waits/],
    [answering(503), /answered with status 503/],
    [answering(429), /answered with status 429/],
    [answering(401), /status 401: it refuses these credentials/],
    [answering(403), /status 403: it refuses these credentials/],
    [answering(302), /does not answer/],
    // What a proxy or a wrong path says is no word of a registry.
    [answering(404), /is no schema registry/],
    [answering(404, '{"message":"no route"}'), /is no schema registry/],
    [answering(200), /is no schema registry/],
    [answering(200, '{"ok":true}'), /is no schema registry/],
    [(response) => response.destroy(), /does not answer \((?:UND_ERR_SOCKET|ECONNRESET)\)/],
  ];
  for (const [answer, message] of broken) {
    registry.broken = answer;
    await assert.rejects(schemas.read(ids('7')), (error: Error) => {
      assert.ok(error instanceof SchemaRegistryError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hello|geheim|no route/);
      assert.equal(describeFailure(error), error.message);
      return true;
    });
  }
  // Nothing of it is remembered.
  registry.broken = undefined;
  registry.answers.set('/ccompat/schemas/ids/7', STRING);
  assert.ok((await schemas.read(ids('7'))).has('7'));
  const gone = schemaSource({ files: new Map(), confluent: { url: 'http://127.0.0.1:1' } });
  await assert.rejects(gone.read(ids('7')), SchemaRegistryError);
});

test('schemas that others refer to are read with them, each once, also where they refer to each other', async () => {
  const registry = await testRegistry();
  const record = (name: string, type: unknown) =>
    JSON.stringify({ type: 'record', name, fields: [{ name: 'value', type }] });
  const refersTo = (...subjects: string[]) =>
    subjects.map((subject) => ({ name: subject, subject: `a/${subject}`, version: 1 }));
  registry.answers.set('/ccompat/schemas/ids/7', [
    200,
    { schema: record('Order', 'Money'), references: refersTo('Money', 'Digits') },
  ]);
  registry.answers.set('/ccompat/subjects/a%2FMoney/versions/1', [
    200,
    { schema: record('Money', 'Digits'), references: refersTo('Digits') },
  ]);
  registry.answers.set('/ccompat/subjects/a%2FDigits/versions/1', [
    200,
    { schema: record('Digits', 'string'), references: refersTo('Money') },
  ]);
  const found = await sourceOf(registry).read(ids('7'));
  assert.deepEqual(found.get('7')!(new AvroInput(Buffer.from('\u0002x'))), {
    value: { value: { value: 'x' } },
  });
  assert.equal(registry.requests.length, 3);
});

test('what the registry holds under an id may be no Avro: its messages are at fault, not the registry', async () => {
  const registry = await testRegistry();
  const answers = [
    { schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' },
    { schema: '{"type":"object"}', schemaType: 'JSON' },
    { schema: '"shop.Unknown"' },
    { schema: '{' },
    { schema: '"string"', references: [{ name: 'x', subject: 'gone', version: 1 }] },
    { schema: '"string"', references: 'x' },
  ];
  const schemas = sourceOf(registry);
  for (const [id, answer] of answers.entries()) {
    registry.answers.set(`/ccompat/schemas/ids/${id}`, [200, answer]);
    const found = await schemas.read(ids(String(id)));
    assert.ok(found.has(String(id)) && found.get(String(id)) === undefined, JSON.stringify(answer));
  }
});

test('Azure Schema Registry is asked with a token', async () => {
  const registry = await testRegistry();
  const path = (id: string) => `/$schemaGroups/$schemas/${id}?api-version=2022-10`;
  registry.answers.set(path(AZURE_ID), [200, '"string"']);
  const scopes: unknown[] = [];
  const getToken = (scope: unknown) => {
    scopes.push(scope);
    return Promise.resolve({ token: 'token-1', expiresOnTimestamp: 0 });
  };
  const schemas = schemaSource({
    files: new Map(),
    azure: { url: registry.url, credential: () => Promise.resolve({ getToken }) },
  });
  const unknown = AZURE_ID.replace('0', 'f');
  const found = await schemas.read(ids(AZURE_ID, unknown));
  assert.deepEqual([...found.keys()], [AZURE_ID]);
  assert.deepEqual(registry.requests.sort(), [
    `${path(AZURE_ID)} Bearer token-1`,
    `${path(unknown)} Bearer token-1`,
  ]);
  assert.equal(scopes[0], 'https://eventhubs.azure.net/.default');
  registry.broken = answering(401);
  await assert.rejects(schemas.read(ids(AZURE_ID.replace('1', 'f'))), /refuses these credentials/);
  // Somebody else's 404 is none of a registry.
  registry.broken = answering(404, '{"message":"no route"}');
  await assert.rejects(schemas.read(ids(AZURE_ID.replace('1', 'e'))), /is no schema registry/);
  // A number is of another registry, which the settings do not name: one foreign event holds nothing up.
  assert.deepEqual([...(await schemas.read(ids('7'))).keys()], []);
});

test('without a token nothing is asked, and nothing of why reaches the message', async () => {
  const registry = await testRegistry();
  const none = { getToken: () => Promise.reject(new Error('geheim')) };
  const schemas = schemaSource({
    files: new Map(),
    azure: { url: registry.url, credential: () => Promise.resolve(none) },
  });
  await assert.rejects(schemas.read(ids(AZURE_ID)), (error: Error) => {
    assert.ok(error instanceof SchemaRegistryError);
    assert.doesNotMatch(error.message, /geheim/);
    return true;
  });
  assert.deepEqual(registry.requests, []);
});

test('files need no registry; what is in none of them is not known', async () => {
  const schemas = schemaSource({ files: new Map([['7', compileAvroSchema('string')]]) });
  assert.deepEqual([...(await schemas.read(ids('7', '8'))).keys()], ['7']);
});
