import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { INVARIANTS } from './invariants/index.ts';
import { type Meant, ofType, TYPES } from './invariants/invariant.ts';
import { REFUSED, SHARED, type Shared } from './shared.ts';
import { PARAMETER_FILES, Templates } from './templates.ts';

const program = await findBicep();
const options = skipBecause(program === undefined && NO_BICEP);
const SECURE = 'infra/cloud-secure.bicepparam';

describe('Cloud-Secure holds all invariants', options, () => {
  let templates: Templates;
  beforeAll(() => {
    templates = new Templates(program!);
  });
  afterAll(() => templates.close());
  const holdsWith = async (from: string, to: string, existing: Meant['existing'] = []) => {
    const prediction = await templates.predict(SECURE, [{ file: SECURE, from, to }]);
    for (const [name, invariant] of Object.entries(INVARIANTS)) {
      assert.deepEqual(invariant(prediction, { ...PARAMETER_FILES[SECURE], existing }), [], name);
    }
    return prediction;
  };

  const NOTHING_SHARED = 'param existing = {}';
  const sharing = (...members: string[]) => `param existing = {\n  ${members.join('\n  ')}\n}`;

  for (const { name, members, existing } of SHARED) {
    it(`with ${name} of another team, which is not made`, async () => {
      const prediction = await holdsWith(NOTHING_SHARED, sharing(...members), existing);
      const made = prediction.resources.filter(({ id }) => id.includes('/rg-x/')).map(({ type }) => type);
      const onIt = ['consumergroups', 'roleAssignments', 'scopedResources'];
      assert.deepEqual(
        made.filter((type) => !onIt.includes(type.split('/').at(-1)!)),
        [],
      );
    });
  }

  it('or is refused, in a network or with zones of another team without their private link scope', async () => {
    for (const member of REFUSED) {
      const change = { file: SECURE, from: NOTHING_SHARED, to: sharing(member) };
      await assert.rejects(templates.predict(SECURE, [change]), /monitorPrivateLinkScopeId must name/);
    }
  });

  it('with a namespace that the network reaches already: no second endpoint', async () => {
    const [{ members, existing }] = SHARED as [Shared];
    const prediction = await holdsWith(
      NOTHING_SHARED,
      sharing(...members, 'eventHubsHasPrivateEndpoint: true'),
      [...existing, 'namespaceEndpoint'],
    );
    assert.ok(!ofType(prediction, TYPES.endpoint).some(({ name }) => name.endsWith('-namespace')));
  });

  it('with a restored server, in place of the one that was made: reached by an endpoint of its own', async () => {
    const prediction = await holdsWith(NOTHING_SHARED, sharing("databaseServerName: 'psql-restored'"));
    assert.deepEqual(
      ofType(prediction, TYPES.database).map(({ name }) => name),
      ['psql-restored'],
    );
    const before = await templates.predict(SECURE);
    const endpoints = (one: typeof before) =>
      ofType(one, TYPES.endpoint).flatMap(({ name, properties }) =>
        properties?.['privateLinkServiceConnections'][0].properties.groupIds[0] === 'postgresqlServer'
          ? [name]
          : [],
      );
    assert.equal(endpoints(prediction).length, 1);
    // An endpoint can't be pointed at another resource.
    assert.notDeepEqual(endpoints(prediction), endpoints(before));
  });

  it('with Premium SSD v2: size, operations and throughput as wanted', async () => {
    const prediction = await holdsWith(
      "type: 'Premium_LRS'\n      sizeGB: 256",
      "type: 'PremiumV2_LRS'\n      sizeGB: 300\n      iops: 6000\n      throughputMBps: 250",
    );
    assert.deepEqual(ofType(prediction, TYPES.database)[0]?.properties?.['storage'], {
      type: 'PremiumV2_LRS',
      storageSizeGB: 300,
      autoGrow: 'Disabled',
      iops: 6000,
      throughput: 250,
    });
  });

  it('or is refused, with a server too small for its instances, or one that the table does not have', async () => {
    for (const [sku, reason] of [
      ['Standard_B1ms', /have no two connections each/],
      ['Standard_D3ds_v5', /does not say how many connections/],
    ] as const) {
      const change = { file: SECURE, from: "'Standard_D4ds_v5'", to: `'${sku}'` };
      await assert.rejects(templates.predict(SECURE, [change]), reason);
    }
  });

  it('without a topic of confirmed pairs', async () => {
    const prediction = await holdsWith("pair: 'payment.ledger.paired'", "pair: ''");
    assert.equal(ofType(prediction, TYPES.hub).length, 3);
    assert.ok(!prediction.text.includes('pairIngest'));
  });

  it('without a topic of control totals', async () => {
    const prediction = await holdsWith("control: 'sync.control.total'", "control: ''");
    assert.equal(ofType(prediction, TYPES.hub).length, 3);
    assert.ok(!prediction.text.includes('sync.control.total'));
  });

  it('with user ids dropped, but for the one that wants them hashed', async () => {
    const change = { file: SECURE, from: "userIdMode: 'hmac'", to: "userIdMode: 'drop'" };
    const prediction = await templates.predict(SECURE, [change]);
    const refused = Object.entries(INVARIANTS).filter(
      ([, invariant]) => invariant(prediction, PARAMETER_FILES[SECURE]).length > 0,
    );
    assert.deepEqual(
      refused.map(([name]) => name),
      ['userIdsAreHashed'],
    );
    assert.ok(!prediction.text.includes('USER_ID_KEY_SECRET'));
  });
});
