import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { poolThatFits } from '../../infra/prediction/connections.ts';
import { SAMPLE_ENVIRONMENT } from '../../infra/prediction/describe.ts';
import type { Properties } from '../../infra/prediction/prediction.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { INVARIANTS } from './invariants/index.ts';
import { appSettings, ofType, TYPES, theOnly } from './invariants/invariant.ts';
import { namesFit } from './invariants/operations.ts';
import { PARAMETER_FILES, Templates } from './templates.ts';

const program = await findBicep();
const options = skipBecause(program === undefined && NO_BICEP);
const SECURE = 'infra/cloud-secure.bicepparam';

describe('the pool of an instance', options, () => {
  it('is that of the table, and not more than the parameter file says', async () => {
    const templates = new Templates(program!);
    try {
      for (const [file, hubs, partitions, most] of [
        ['infra/cloud-test.bicepparam', 4, 4, 40],
        [SECURE, 4, 12, 100],
        // Another team's hubs.
        ['test/infra/reuse.bicepparam', 2, 32, 40],
      ] as const) {
        const prediction = await templates.predict(file);
        const server: string = theOnly(prediction, TYPES.database).sku?.['name'];
        const fits = poolThatFits(server, hubs, partitions, most);
        assert.equal(appSettings(prediction)['DB_POOL_SIZE'], String(Math.min(8, fits!)), file);
      }
    } finally {
      await templates.close();
    }
  });
});

describe('names', options, () => {
  let templates: Templates;
  beforeAll(() => {
    templates = new Templates(program!);
  });
  afterAll(() => templates.close());
  for (const prefix of [
    'ab',
    'a-b',
    `x${'-long-prefix'.repeat(3)}-ab`,
    'abcdefghijklmnopqrstuvwxyzabc-defghij-kl',
  ]) {
    it(`fit with the prefix ${prefix}`, async () => {
      const from = "empty(prefix) ? 'bosync-secure' : prefix";
      const prediction = await templates.predict(SECURE, [{ file: SECURE, from, to: `'${prefix}'` }]);
      assert.ok(prediction.resources.some(({ name }) => name.includes(prefix)));
      assert.deepEqual(namesFit(prediction, PARAMETER_FILES[SECURE]), []);
    });
  }

  it('of 41 characters or more are refused', async () => {
    const from = "empty(prefix) ? 'bosync-secure' : prefix";
    await assert.rejects(templates.predict(SECURE, [{ file: SECURE, from, to: `'${'a'.repeat(41)}'` }]));
  });
});

describe('egress through a firewall', options, () => {
  it('routes the app and the runner through it, and leaves the deciding to it', async () => {
    const templates = new Templates(program!, { ...SAMPLE_ENVIRONMENT, EGRESS_FIREWALL_ADDRESS: '10.0.0.4' });
    try {
      const prediction = await templates.predict(SECURE);
      for (const [name, invariant] of Object.entries(INVARIANTS)) {
        assert.deepEqual(invariant(prediction, PARAMETER_FILES[SECURE]), [], name);
      }
      const [table] = ofType(prediction, 'Microsoft.Network/routeTables');
      assert.equal(table?.properties?.['routes'][0].properties.nextHopIpAddress, '10.0.0.4');
      const subnets: { name: string; properties: Properties }[] = theOnly(prediction, TYPES.network)
        .properties?.['subnets'];
      const routed = subnets.filter(({ properties }) => properties['routeTable']?.id === table?.id);
      assert.deepEqual(
        routed.map(({ name }) => name),
        ['app', 'runner'],
      );
    } finally {
      await templates.close();
    }
  });
});

describe('a schema registry', options, () => {
  it('is told to the app, with the name of its password in a vault that the app may read, where user ids need none', async () => {
    const templates = new Templates(program!);
    const file = 'infra/cloud-test.bicepparam';
    const from = "eventProfileId: 'canonical-v1'";
    const registry =
      "{ url: 'https://registry.example.com/ccompat', user: 'sync', passwordName: 'registry-password' }";
    try {
      const prediction = await templates.predict(file, [
        { file, from, to: `${from}\n  schemaRegistry: ${registry}` },
      ]);
      for (const [name, invariant] of Object.entries(INVARIANTS)) {
        assert.deepEqual(invariant(prediction, PARAMETER_FILES[file]), [], name);
      }
      const { SCHEMA_REGISTRY_URL, SCHEMA_REGISTRY_USER, SCHEMA_REGISTRY_PASSWORD_SECRET, ...settings } =
        appSettings(prediction);
      assert.equal(SCHEMA_REGISTRY_URL, 'https://registry.example.com/ccompat');
      assert.deepEqual(
        [SCHEMA_REGISTRY_USER, SCHEMA_REGISTRY_PASSWORD_SECRET],
        ['sync', 'registry-password'],
      );
      assert.match(String(settings['KEY_VAULT_URL']), /^https:/);
      assert.equal(settings['DLQ_SEAL_KEY_SECRET'], undefined);
      assert.equal(ofType(prediction, 'Microsoft.KeyVault/vaults').length, 1);
    } finally {
      await templates.close();
    }
  });
});

describe('a variable that is not set', options, () => {
  it('comes from a workflow as an empty text, and is the default then', async () => {
    const predictions = [];
    const optional = [
      'NAME_PREFIX',
      'ADDRESS_SPACE',
      'EGRESS_FIREWALL_ADDRESS',
      'RUNNER_DELEGATION',
      'RUNBOOK_BASE_URL',
    ];
    for (const unset of [[], optional]) {
      const empty = Object.fromEntries(unset.map((name) => [name, '']));
      const templates = new Templates(program!, { ...SAMPLE_ENVIRONMENT, ...empty });
      try {
        for (const file of [SECURE, 'infra/cloud-test.bicepparam'] as const)
          predictions.push((await templates.predict(file)).resources);
      } finally {
        await templates.close();
      }
    }
    assert.deepEqual(predictions.slice(2), predictions.slice(0, 2));
  });
});
