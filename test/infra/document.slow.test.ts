import assert from 'node:assert/strict';
import { it } from 'vitest';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { describeInfra } from '../../infra/prediction/describeInfra.ts';
import { skipBecause } from '../support/skipBecause.ts';

const program = await findBicep();

it(
  'docs/infrastructure.md shows the predicted resources',
  skipBecause(program === undefined && NO_BICEP),
  async () => {
    const { is, shouldBe } = await describeInfra(program!);
    assert.ok(is === shouldBe, 'run npm run infra:describe');
  },
);
