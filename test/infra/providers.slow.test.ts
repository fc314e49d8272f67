import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { SAMPLE_ENVIRONMENT } from '../../infra/prediction/describe.ts';
import { PROVIDERS } from '../../infra/providers.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { providersOf } from './invariants/providers.ts';
import { ONCE, PARAMETER_FILES, type ParameterFile, Templates } from './templates.ts';

const program = await findBicep();
/** No resource has its type: Flex Consumption needs it for the network, and the subnet's delegation names it. */
const WITHOUT_RESOURCE = ['Microsoft.App'];

describe('resource providers', skipBecause(program === undefined && NO_BICEP), () => {
  let templates: Templates;
  beforeAll(() => {
    const delegated = { RUNNER_DELEGATION: 'GitHub.Network/networkSettings' };
    templates = new Templates(program!, { ...SAMPLE_ENVIRONMENT, ...delegated });
  });
  afterAll(() => templates.close());

  it('are those of all predicted resources, and no others', async () => {
    const needed = new Set(WITHOUT_RESOURCE);
    for (const file of [...(Object.keys(PARAMETER_FILES) as ParameterFile[]), ONCE] as const) {
      for (const name of providersOf(await templates.predict(file))) needed.add(name);
    }
    assert.deepEqual([...needed].sort(), PROVIDERS.map(({ name }) => name).sort());
  });

  it('are registered by commands of the guide', () => {
    const guide = readFileSync(new URL('../../docs/infrastructure.md', import.meta.url), 'utf8');
    const commands = [...guide.matchAll(/^az provider register --namespace (\S+)$/gm)].map(
      ([, name]) => name,
    );
    assert.deepEqual(commands.sort(), PROVIDERS.map(({ name }) => name).sort());
  });
});
