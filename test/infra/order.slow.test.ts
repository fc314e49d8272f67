import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { orderProblems } from './invariants/order.ts';
import { type Change, Templates } from './templates.ts';

const program = await findBicep();

describe('the order of a deployment', skipBecause(program === undefined && NO_BICEP), () => {
  let templates: Templates;
  beforeAll(() => {
    templates = new Templates(program!);
  });
  afterAll(() => templates.close());
  const problemsAfter = async (...changes: Change[]) => {
    const { contents } = await templates.compile(templates.copy(changes));
    return orderProblems(JSON.parse(contents!));
  };

  it('has the endpoints of storage, hubs, vault and database before the app, and the one of the app after it', async () => {
    assert.deepEqual(await problemsAfter(), []);
  });

  for (const [name, from, to, problem] of [
    [
      'an app that does not wait for the endpoints',
      'dependsOn: [storage, hubAccess, vaultAccess, network, endpoints, monitorEndpoint]',
      'dependsOn: [storage, hubAccess, vaultAccess, network]',
      /does not wait for endpoints/,
    ],
    [
      'an endpoint of the app that does not wait for it',
      'dependsOn: [dns, network, functionApp]',
      'dependsOn: [dns, network]',
      /the endpoint of the app comes before it/,
    ],
  ] as const) {
    it(`is noticed to be wrong: ${name}`, async () => {
      const problems = await problemsAfter({ file: 'infra/main.bicep', from, to });
      assert.match(problems.join(), problem);
    });
  }
});
