import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { test } from 'vitest';
import { BUILT_IN_PROFILES, type Profile, parseProfile } from '../../shared/contracts/profile.ts';
import { eventSchema, hubOf, topicsRead } from '../../tools/contracts/eventSchema.ts';
import { exampleBody, readExamples } from '../../tools/contracts/examples.ts';
import { TOPICS } from '../../tools/contracts/meanings.ts';
import { contractFiles } from '../../tools/contracts/write.ts';
import { ODD_PROFILE } from './profiles.ts';

const SCHEMAS = new URL('../../docs/schemas/', import.meta.url);
const PROFILES: readonly Profile[] = Object.entries(BUILT_IN_PROFILES).map(([id, data]) =>
  parseProfile(data, id),
);

interface Document {
  readonly operations: Record<string, { channel: { $ref: string } }>;
  readonly components: { readonly schemas: Record<string, object> };
}

const documentOf = (profile: Profile) => contractFiles(profile).get('asyncapi.json') as Document;

/** What the parser finds, and its document. */
async function parsed(document: unknown) {
  const { diagnostics, document: result } = await new Parser().parse(JSON.stringify(document));
  const found = diagnostics.map(({ code, message, path }) => `${code} ${path.join('.')}: ${message}`);
  return { found, document: result };
}

test('the committed schemas and documents are those of the contracts: `npm run schemas` writes them', () => {
  for (const profile of PROFILES) {
    const files = contractFiles(profile);
    assert.deepEqual(readdirSync(new URL(`${profile.id}/`, SCHEMAS)).sort(), [...files.keys()].sort());
    for (const [name, content] of files) {
      const written = readFileSync(new URL(`${profile.id}/${name}`, SCHEMAS), 'utf8');
      assert.equal(JSON.stringify(JSON.parse(written)), JSON.stringify(content), `${profile.id}/${name}`);
    }
  }
});

for (const profile of [...PROFILES, ODD_PROFILE]) {
  test(`AsyncAPI's own parser has nothing to say about the document of ${profile.id}`, async () => {
    const { found, document } = await parsed(documentOf(profile));
    assert.deepEqual(found, []);
    assert.equal(document!.version().startsWith('3.'), true);
    const channels = document!.channels().all();
    assert.deepEqual(
      channels.map((channel) => [channel.id(), channel.address()]),
      topicsRead(profile).map((topic) => [topic, hubOf(profile, topic)]),
    );
    for (const channel of channels) {
      const topic = topicsRead(profile).find((name) => name === channel.id())!;
      const [message] = channel.messages().all();
      const { key } = message!
        .bindings()
        .get('kafka')!
        .json<{ key: { type: string; description: string } }>();
      assert.match(
        `${key.type} ${key.description}`,
        new RegExp(`^string The ${TOPICS[topic].key} of the payload`),
      );
      assert.equal(message!.headers()!.properties()!['x-correlation-id']!.type(), 'string');
      assert.deepEqual(
        channel
          .operations()
          .all()
          .map((operation) => operation.action()),
        ['receive'],
      );
      const valid = new Ajv({ strict: false }).compile(message!.payload()!.json<object>());
      const examples = message!.examples().all();
      assert.equal(examples.length, 1);
      for (const example of examples) {
        assert.equal(valid(example.payload()), true, JSON.stringify(valid.errors));
        assert.equal(
          valid({
            ...example.payload(),
            ...{ order_id: {}, tx_id: {}, payment_order_id: {}, window_start: {}, payload: 1, data: 1 },
          }),
          false,
        );
      }
    }
  });
}

test('the parser notices what is wrong with a document', async () => {
  const good = documentOf(PROFILES[0]!);
  const unknownChannel = structuredClone(good);
  unknownChannel.operations['ledgerIngest']!.channel.$ref = '#/channels/refunds';
  assert.match((await parsed(unknownChannel)).found.join('\n'), /'#\/channels\/refunds' does not exist/);
  const noSchema = structuredClone(good);
  noSchema.components.schemas['money'] = { type: 'decimal' };
  assert.match((await parsed(noSchema)).found.join('\n'), /asyncapi-document-resolved .*type/);
});

test('the schemas of the document and the JSON Schemas say the same of every example', async () => {
  const profile = PROFILES[0]!;
  const { document } = await parsed(documentOf(profile));
  let valid = 0;
  let invalid = 0;
  for (const topic of topicsRead(profile)) {
    const message = document!.channels().get(topic)!.messages().all()[0]!;
    const inDocument = new Ajv({ strict: false }).compile(message.payload()!.json<object>());
    const schema = new Ajv2020({ strict: true }).compile(eventSchema(profile, topic));
    for (const one of readExamples().filter((example) => example.topic === topic)) {
      for (const { file } of one.messages) {
        if (!file.endsWith('.json')) continue;
        const body: unknown = JSON.parse(exampleBody(file).toString());
        assert.equal(inDocument(body), schema(body), file);
        if (schema(body)) valid++;
        else invalid++;
      }
    }
  }
  assert.ok(valid > 30 && invalid > 10, `${valid} valid, ${invalid} not`);
});
