import assert from 'node:assert/strict';
import { ManagedIdentityCredential } from '@azure/identity';
import { type TestContext, test } from 'vitest';
import { BUILT_IN_PROFILES, parseProfile } from '../../shared/contracts/profile.ts';
import { ACTIVATION_MS, KeyVaultKeys, keyVaultConnector } from '../../shared/privacy/keyVaultKeys.ts';
import { readSchemaSettings } from '../../shared/settings/schemaSettings.ts';
import { TestKeyVault } from '../../tools/proof/keyVault.ts';
import { testRegistry } from '../support/schemaRegistry.ts';
import { until } from '../support/until.ts';

const T0 = Date.parse('2026-11-01T00:00:00Z');
const MINUTE = 60_000;

async function vaultOf(t: TestContext) {
  const vault = await TestKeyVault.start();
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = vault.environment;
  Object.assign(process.env, { IDENTITY_ENDPOINT, IDENTITY_HEADER });
  t.onTestFinished(() => vault.stop());
  const connect = keyVaultConnector(vault.url, async () => new ManagedIdentityCredential());
  return { vault, connect };
}

test('versions are numbered by their creation; one becomes active a while after it, or at its own date', async (t) => {
  const { vault, connect } = await vaultOf(t);
  const values = [
    vault.add('user-id-key', { createdAt: new Date(T0) }),
    vault.add('user-id-key', { createdAt: new Date(T0 + 60 * MINUTE) }),
    vault.add('user-id-key', {
      createdAt: new Date(T0 + 120 * MINUTE),
      notBefore: new Date(T0 + 300 * MINUTE),
    }),
  ].map(({ value }) => value);
  const ring = await new KeyVaultKeys('user-id-key', connect).ring();
  const at = (milliseconds: number) => ring.at(milliseconds * 1000);
  const second = T0 + 60 * MINUTE + ACTIVATION_MS;
  assert.deepEqual(
    [T0 - 1, second - 1, second, T0 + 300 * MINUTE - 1, T0 + 300 * MINUTE].map((time) => at(time).number),
    [1, 1, 2, 2, 3],
  );
  assert.deepEqual(
    ring.enabled().map(({ key }) => key.toString('base64')),
    values,
  );
});

test('a new version is found before it is active; a vault that is away for some minutes stops nothing', async (t) => {
  const { vault, connect } = await vaultOf(t);
  vault.add('user-id-key', { createdAt: new Date(T0) });
  let now = T0 + 600 * MINUTE;
  const keys = new KeyVaultKeys('user-id-key', connect, () => now);
  await Promise.all([keys.ring(), keys.ring(), keys.ring()]);
  assert.equal(vault.lists, 1, 'asked for once');
  now += 4 * MINUTE;
  await keys.ring();
  assert.equal(vault.lists, 1);

  const { created } = vault.add('user-id-key', { createdAt: new Date(now) });
  now += MINUTE;
  const active = created * 1000 + ACTIVATION_MS;
  await until('the new version is known', 10_000, async () => (await keys.ring()).latest().number === 2);
  assert.equal((await keys.ring()).at(active * 1000).number, 2);
  assert.equal((await keys.ring()).at(active * 1000 - 1).number, 1);

  vault.away = true;
  now += 11 * MINUTE;
  assert.equal((await keys.ring()).latest().number, 2);
  now += MINUTE;
  await assert.rejects(
    keys.ring(),
    /user-id-key could not be read from Key Vault \(503\).*Key Vault Secrets User/,
  );
  vault.away = false;
  assert.equal((await keys.ring()).latest().number, 2);
});

test('a vault that does not answer keeps nobody waiting while what was read is usable', async (t) => {
  const { vault, connect } = await vaultOf(t);
  vault.add('user-id-key', { createdAt: new Date(T0) });
  let now = T0 + 600 * MINUTE;
  const keys = new KeyVaultKeys('user-id-key', connect, () => now);
  await keys.ring();
  const answer = Promise.withResolvers<void>();
  vault.silentUntil = answer.promise;
  now += 6 * MINUTE;
  // Would not end as long as the vault is silent.
  assert.equal((await keys.ring()).latest().number, 1);
  assert.equal((await keys.ring()).latest().number, 1);
  answer.resolve();
  await until('it has been read again', 10_000, () => vault.lists === 2);
});

test('a new version that is no key stops nothing: the one before stays in use, and the timer counts it', async (t) => {
  const { vault, connect } = await vaultOf(t);
  vault.add('user-id-key', { createdAt: new Date(T0) });
  vault.add('user-id-key', { createdAt: new Date(T0 + 60 * MINUTE), value: 'hunter2' });
  let now = T0 + 600 * MINUTE;
  const keys = new KeyVaultKeys('user-id-key', connect, () => now);
  const at = async (time: number) => (await keys.ring()).at(time * 1000).number;
  assert.deepEqual([await at(now), (await keys.ring()).latest().number], [1, 1]);
  assert.equal((await keys.ring()).malformed(), 1);

  vault.add('user-id-key', { createdAt: new Date(T0 + 601 * MINUTE) });
  now += 60 * MINUTE;
  await until('the next version is known', 10_000, async () => (await keys.ring()).latest().number === 3);
  assert.deepEqual(
    [await at(now), await at(T0 + 600 * MINUTE)],
    [3, 1],
    'what was stored before has its token',
  );
  assert.equal((await keys.ring()).malformed(), 0);
});

test('a vault that never answers is away: nobody waits for it for ever', async (t) => {
  const { vault, connect } = await vaultOf(t);
  vault.add('user-id-key', { createdAt: new Date(T0) });
  vault.silentUntil = new Promise(() => {});
  const keys = new KeyVaultKeys('user-id-key', connect, Date.now, 300);
  await assert.rejects(keys.ring(), /user-id-key could not be read from Key Vault \(\w+\)/);
});

test('a secret that is missing, or is no key, is named; its value is not', async (t) => {
  const { vault, connect } = await vaultOf(t);
  await assert.rejects(
    new KeyVaultKeys('absent', connect).ring(),
    /absent could not be read .*SecretNotFound/,
  );
  for (const value of ['', 'hunter2-hunter2', Buffer.alloc(31, 1).toString('base64')]) {
    const name = `bad-${value.length}`;
    vault.add(name, { createdAt: new Date(T0), value });
    await assert.rejects(new KeyVaultKeys(name, connect).ring(), (error: Error) => {
      assert.match(error.message, new RegExp(`${name} is no key: it must be 32 random bytes as base64`));
      return value === '' || !error.message.includes(value);
    });
  }
});

test('the password of a schema registry is its secret, the latest version of it; a vault that is away is an outage', async (t) => {
  const { vault } = await vaultOf(t);
  const registry = await testRegistry();
  const environment = {
    ...vault.environment,
    ...{ SCHEMA_REGISTRY_URL: registry.url, SCHEMA_REGISTRY_USER: 'sync' },
    SCHEMA_REGISTRY_PASSWORD_SECRET: 'registry-password',
  };
  const profile = parseProfile(BUILT_IN_PROFILES['canonical-v1'], 'canonical-v1');
  const schemas = readSchemaSettings(environment, profile, assert.fail);
  await assert.rejects(
    schemas.read(new Set(['7'])),
    /secret registry-password could not be read from Key Vault/,
  );
  assert.deepEqual(registry.requests, []);
  vault.add('registry-password', { createdAt: new Date(T0), value: 'old' });
  vault.add('registry-password', { createdAt: new Date(T0 + MINUTE), value: 'geheim' });
  await schemas.read(new Set(['7']));
  const basic = Buffer.from('sync:geheim').toString('base64');
  assert.deepEqual(registry.requests, [`/schemas/ids/7 Basic ${basic}`]);
});
