import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { BUILT_IN_PROFILES } from '../../../shared/contracts/profile.ts';
import { readSettings } from '../../../shared/settings/settings.ts';
import { GOOD_SETTINGS, settingsProblems } from '../../support/settings.ts';

const good = GOOD_SETTINGS;
const problems = settingsProblems;
const namedBy = (environment: Record<string, string | undefined>) =>
  problems(environment).map((problem) => problem.split(':')[0]);

test('an empty environment is refused, and every missing variable is named at once', () => {
  assert.deepEqual(namedBy({}), [
    'DATABASE_URL',
    'EVENT_HUBS_CONSUMER_GROUP',
    'EventHubs',
    'AzureWebJobsStorage',
  ]);
});

test('connection strings, or their identity forms, are enough', () => {
  assert.deepEqual(problems(good), []);
  assert.deepEqual(
    problems({
      AzureWebJobsStorage__accountName: 'account',
      EventHubs__fullyQualifiedNamespace: 'name.servicebus.windows.net',
      EVENT_HUBS_CONSUMER_GROUP: 'group',
      DATABASE_AUTH: 'entra',
      PGHOST: 'host',
      PGDATABASE: 'backoffice',
      PGUSER: 'identity',
    }),
    [],
  );
});

test('defaults are those of the canonical profile', () => {
  const settings = readSettings(good);
  assert.equal(settings.profile.id, 'canonical-v1');
  assert.deepEqual(settings.topics, {
    ledger: 'ledger.entry.upserted',
    payment_order: 'payment.order.upserted',
    pair: 'payment.ledger.paired',
    control: '',
  });
  assert.equal(settings.maxClockSkew, 300_000_000);
});

test('a topic variable beats the profile, and an empty pair topic switches pairs off', () => {
  const settings = readSettings({
    ...good,
    EVENT_PROFILE_ID: 'nsc-dev-v1',
    LEDGER_TOPIC: ' mine ',
    PAIR_TOPIC: '',
  });
  assert.deepEqual(settings.topics, { ledger: 'mine', payment_order: 'order-events', pair: '', control: '' });
});

test('two logical topics on one hub, or an empty one, are refused', () => {
  assert.deepEqual(namedBy({ ...good, LEDGER_TOPIC: 'Payment.Order.Upserted' }), ['PAYMENT_ORDER_TOPIC']);
  assert.deepEqual(namedBy({ ...good, LEDGER_TOPIC: '', PAYMENT_ORDER_TOPIC: ' ' }), [
    'LEDGER_TOPIC',
    'PAYMENT_ORDER_TOPIC',
  ]);
});

test('a profile comes from a file as well; one that is not valid is refused with its path', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'settings-'));
  t.onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'profile.json');
  writeFileSync(file, JSON.stringify({ ...(BUILT_IN_PROFILES['nsc-dev-v1'] as object), id: 'mine' }));
  assert.equal(readSettings({ ...good, EVENT_PROFILE_FILE: file }).profile.id, 'mine');
  writeFileSync(file, '{"id":"mine"}');
  assert.match(
    problems({ ...good, EVENT_PROFILE_FILE: file })[0]!,
    /^EVENT_PROFILE_FILE: .*profile\.json.*topics/,
  );
  assert.deepEqual(namedBy({ ...good, EVENT_PROFILE_FILE: join(directory, 'absent') }), [
    'EVENT_PROFILE_FILE',
  ]);
  assert.match(
    problems({ ...good, EVENT_PROFILE_ID: 'x' })[0]!,
    /EVENT_PROFILE_ID.*canonical-v1, nsc-dev-v1/,
  );
});

test('values of the wrong form are refused, without repeating a secret', () => {
  const wrong = {
    ...good,
    DATABASE_URL: 'mysql://user:hunter2@host/db',
    EventHubs: 'hunter2',
    MAX_CLOCK_SKEW_SECONDS: '5m',
    DB_POOL_SIZE: '0',
    USER_ID_MODE: 'hmac',
  };
  assert.deepEqual(namedBy(wrong), [
    'MAX_CLOCK_SKEW_SECONDS',
    'KEY_VAULT_URL',
    'DLQ_SEAL_KEY_SECRET',
    'USER_ID_KEY_SECRET',
    'DATABASE_URL',
    'DB_POOL_SIZE',
    'EventHubs',
  ]);
  assert.doesNotMatch(problems(wrong).join(), /hunter2/);
});

test('a mode of user ids asks for the keys that it uses, and for no other', () => {
  const vault = { KEY_VAULT_URL: 'https://name.vault.azure.net', DLQ_SEAL_KEY_SECRET: 'dead-letter-key' };
  assert.deepEqual(namedBy({ ...good, USER_ID_MODE: 'plain' }), []);
  assert.deepEqual(namedBy({ ...good, USER_ID_MODE: 'drop' }), ['KEY_VAULT_URL', 'DLQ_SEAL_KEY_SECRET']);
  assert.deepEqual(namedBy({ ...good, ...vault, USER_ID_MODE: 'drop' }), []);
  assert.deepEqual(namedBy({ ...good, ...vault, USER_ID_MODE: 'hmac' }), ['USER_ID_KEY_SECRET']);
  assert.deepEqual(
    namedBy({ ...good, ...vault, USER_ID_MODE: 'hmac', USER_ID_KEY_SECRET: 'user-id-key' }),
    [],
  );
  assert.deepEqual(namedBy({ ...good, USER_ID_MODE: 'HMAC' }), ['USER_ID_MODE']);
  assert.deepEqual(namedBy({ ...good, KEY_VAULT_URL: 'http://name.vault.azure.net' }), ['KEY_VAULT_URL']);
  assert.deepEqual(namedBy({ ...good, DLQ_SEAL_KEY_SECRET: 'name/version' }), ['DLQ_SEAL_KEY_SECRET']);
});

test('the certificate of another machine is verified unless the URL says otherwise', () => {
  const sslOf = (url: string) => readSettings({ ...good, DATABASE_URL: url }).database.ssl;
  assert.equal(sslOf('postgres://u:p@127.0.0.1/db'), false);
  assert.equal(sslOf('postgres://u:p@localhost/db'), false);
  assert.deepEqual(sslOf('postgres://u:p@db.example/db'), { rejectUnauthorized: true });
  assert.deepEqual(sslOf('postgres://u:p@127.0.0.1/db?sslmode=verify-full'), { rejectUnauthorized: true });
  assert.deepEqual(sslOf('postgres://u:p@db.example/db?sslmode=require'), { rejectUnauthorized: true });
  assert.equal(sslOf('postgres://u:p@db.example/db?sslmode=disable'), false);
  const entra = (PGHOST: string) =>
    readSettings({ ...good, DATABASE_AUTH: 'entra', PGHOST, PGDATABASE: 'db', PGUSER: 'u' }).database.ssl;
  assert.deepEqual(entra('db.example'), { rejectUnauthorized: true });
  assert.equal(entra('127.0.0.1'), false);
  for (const parameters of ['sslmode=no-verify', 'ssl=0', 'ssl=no-verify', 'host=db.example']) {
    assert.deepEqual(namedBy({ ...good, DATABASE_URL: `postgres://u:p@localhost/db?${parameters}` }), [
      'DATABASE_URL',
    ]);
  }
});

test('a profile of Avro needs its schemas: in files beside it, or a registry', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'settings-'));
  t.onTestFinished(() => rmSync(directory, { recursive: true }));
  const canonical = BUILT_IN_PROFILES['canonical-v1'] as { topics: { ledger: object } };
  const environmentOf = (change: object, more: Record<string, string> = {}) => {
    const ledger = { ...canonical.topics.ledger, encoding: 'avro' };
    const data = { ...canonical, topics: { ...canonical.topics, ledger }, ...change };
    const EVENT_PROFILE_FILE = join(directory, 'profile.json');
    writeFileSync(EVENT_PROFILE_FILE, JSON.stringify(data));
    return { ...good, EVENT_PROFILE_FILE, ...more };
  };
  const url = 'https://registry.example.com/ccompat/v7';
  assert.deepEqual(namedBy(environmentOf({})), ['SCHEMA_REGISTRY_URL']);
  assert.deepEqual(problems(environmentOf({}, { SCHEMA_REGISTRY_URL: url })), []);
  assert.deepEqual(problems(environmentOf({}, { AZURE_SCHEMA_REGISTRY_URL: url })), []);
  for (const wrong of [
    'registry',
    'http://registry.example.com',
    'https://sync:geheim@registry',
    `${url}?a=b`,
  ]) {
    const found = problems(environmentOf({}, { SCHEMA_REGISTRY_URL: wrong }));
    assert.match(found.join(), /^SCHEMA_REGISTRY_URL: must be an address/, wrong);
    assert.doesNotMatch(found.join(), /geheim/);
  }
  const secret = environmentOf(
    {},
    { SCHEMA_REGISTRY_URL: url, SCHEMA_REGISTRY_PASSWORD_SECRET: 'registry-password' },
  );
  assert.deepEqual(namedBy(secret), ['KEY_VAULT_URL']);
  assert.deepEqual(problems({ ...secret, KEY_VAULT_URL: 'https://v.vault.azure.net' }), []);

  const inFile = { avro_schemas: { 7: 'entry.avsc' } };
  assert.match(problems(environmentOf(inFile)).join(), /^EVENT_PROFILE_FILE: avro_schemas\.7: .*entry\.avsc/);
  writeFileSync(join(directory, 'entry.avsc'), '{"type":"record","name":"Entry"}');
  assert.match(
    problems(environmentOf(inFile)).join(),
    /entry\.avsc holds no Avro schema: a record has no fields/,
  );
  writeFileSync(join(directory, 'entry.avsc'), '"string"');
  assert.deepEqual(problems(environmentOf(inFile)), []);
});
