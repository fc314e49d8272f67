import assert from 'node:assert/strict';
import { it } from 'node:test';
import { findBicep, NO_BICEP } from '../../scripts/bicep.ts';
import { describeInfra } from '../../scripts/describeInfra.ts';

const program = await findBicep();

it('docs/infrastructure.md shows the predicted resources', {
  skip: program === undefined && NO_BICEP,
}, async () => {
  const { is, shouldBe } = await describeInfra(program!);
  assert.ok(is === shouldBe, 'run npm run infra:describe');
});
