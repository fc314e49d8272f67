import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { INVARIANTS } from './invariants/index.ts';
import { MUTATIONS } from './mutations.ts';
import { PARAMETER_FILES, Templates } from './templates.ts';

const program = await findBicep();

describe('a broken template is noticed', skipBecause(program === undefined && NO_BICEP), () => {
  let templates: Templates;
  beforeAll(() => {
    templates = new Templates(program!);
  });
  afterAll(() => templates.close());

  for (const { name, in: file = 'infra/cloud-secure.bicepparam', change, caughtBy } of MUTATIONS) {
    it(`${name} (${caughtBy})`, async () => {
      const prediction = await templates.predict(file, [change]);
      assert.notDeepEqual(INVARIANTS[caughtBy](prediction, PARAMETER_FILES[file]), []);
    });
  }

  it('every invariant has a mutation that it catches', () => {
    const catching = new Set<string>(MUTATIONS.map(({ caughtBy }) => caughtBy));
    assert.deepEqual(
      Object.keys(INVARIANTS).filter((name) => !catching.has(name)),
      [],
    );
  });
});
