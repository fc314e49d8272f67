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

  it('without a topic of confirmed pairs', async () => {
    const prediction = await holdsWith("pair: 'payment.ledger.paired'", "pair: ''");
    assert.equal(ofType(prediction, TYPES.hub).length, 2);
    assert.ok(!prediction.text.includes('pairIngest'));
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
