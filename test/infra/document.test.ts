import assert from 'node:assert/strict';
import { it } from 'node:test';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { describeInfra } from '../../infra/prediction/describeInfra.ts';

const program = await findBicep();

it('docs/infrastructure.md shows the predicted resources', {
  skip: program === undefined && NO_BICEP,
}, async () => {
  const { is, shouldBe } = await describeInfra(program!);
  assert.ok(is === shouldBe, 'run npm run infra:describe');
});
