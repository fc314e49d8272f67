import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { PLATFORM_FILE } from '../../infra/alerts/alerts.ts';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import type { Prediction } from '../../infra/prediction/prediction.ts';
import { checkQuery } from '../support/kusto.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { INVARIANTS } from './invariants/index.ts';
import { PARAMETER_FILES, type ParameterFile, Templates } from './templates.ts';

const program = await findBicep();
const options = skipBecause(program === undefined && NO_BICEP);
const SECURE = 'infra/cloud-secure.bicepparam';
const files = Object.keys(PARAMETER_FILES) as ParameterFile[];

describe('predicted resources', options, () => {
  let templates: Templates;
  const predictions = new Map<ParameterFile, Prediction>();
  beforeAll(async () => {
    templates = new Templates(program!);
    for (const file of files) predictions.set(file, await templates.predict(file));
  });
  afterAll(() => templates.close());

  for (const file of files) {
    describe(file, () => {
      for (const [name, invariant] of Object.entries(INVARIANTS)) {
        it(name, () => assert.deepEqual(invariant(predictions.get(file)!, PARAMETER_FILES[file]), []));
      }
    });
  }

  it('the profiles share no resource, in one resource group either', () => {
    const ids = (file: ParameterFile) => predictions.get(file)!.resources.map(({ id }) => id);
    const others = new Set(ids(SECURE));
    assert.deepEqual(
      ids('infra/cloud-test.bicepparam').filter((id) => others.has(id)),
      [],
    );
  });

  it('what other teams own is not made; roles and the consumer group on it are, in its own resource group', () => {
    const ids = predictions.get('test/infra/reuse.bicepparam')!.resources.map(({ id }) => id);
    const groups = [...new Set(ids.map((id) => id.split('/')[4]))].sort();
    assert.deepEqual(groups, ['rg-bosync', 'rg-events', 'rg-logs', 'rg-vaults']);
    const elsewhere = ids.filter((id) => !id.includes('/rg-bosync/')).map((id) => id.split('/').slice(-2)[0]);
    assert.deepEqual([...new Set(elsewhere)].sort(), [
      'consumergroups',
      'roleAssignments',
      'scopedResources',
    ]);
  });
});

it('the query of an alert on what Azure logs is one that Kusto takes, and gives a value', () => {
  for (const { name, query } of PLATFORM_FILE.logs) {
    const { problems, columns } = checkQuery(query);
    assert.deepEqual(problems, [], name);
    assert.deepEqual(columns, { value: 'long' }, name);
  }
});
