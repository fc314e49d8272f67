import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { skipBecause } from '../support/skipBecause.ts';
import type { Invariant } from './invariants/invariant.ts';
import { auditIsOn, budgetTells, locksKeep } from './invariants/once.ts';
import { type Change, ONCE, PARAMETER_FILES, Templates } from './templates.ts';

const program = await findBicep();
const MEANT = PARAMETER_FILES['infra/cloud-secure.bicepparam'];
const INVARIANTS = { auditIsOn, budgetTells, locksKeep } satisfies Record<string, Invariant>;

const once = (from: string, to: string): Change => ({ file: 'infra/once.bicep', from, to });
const MUTATIONS: readonly (readonly [name: string, change: Change, caughtBy: keyof typeof INVARIANTS])[] = [
  [
    'no lock on the database',
    once('= if (locked) {\n  scope: database', '= if (!locked) {\n  scope: database'),
    'locksKeep',
  ],
  ['no lock on the vault', once('locked && !empty(keyVault)', 'locked && empty(keyVault)'), 'locksKeep'],
  ['a lock that keeps changes away', once("level: 'CanNotDelete'", "level: 'ReadOnly'"), 'locksKeep'],
  ['a lock on the whole group', once('  scope: storage\n', ''), 'locksKeep'],
  [
    'a budget that looks back only',
    once("thresholdType: 'Forecasted'", "thresholdType: 'Actual'"),
    'budgetTells',
  ],
  ['a budget that tells nobody', once('contactEmails: budgetEmails', 'contactEmails: []'), 'budgetTells'],
  ['an audit of reads', once("'ddl,role'", "'read'"), 'auditIsOn'],
];

describe('once.bicep', skipBecause(program === undefined && NO_BICEP), () => {
  let templates: Templates;
  beforeAll(() => {
    templates = new Templates(program!);
  });
  afterAll(() => templates.close());

  it('compiles, and no rule of the linter has anything to say', async () => {
    const { contents, diagnostics } = await templates.compile(templates.copy(), 'once.bicep');
    assert.deepEqual(diagnostics, []);
    assert.ok(contents);
  });

  for (const [name, invariant] of Object.entries(INVARIANTS)) {
    it(name, async () => assert.deepEqual(invariant(await templates.predict(ONCE), MEANT), []));
  }

  it('locks nothing of other teams, and nothing that is made to be deleted', async () => {
    const locks = async (...changes: Change[]) =>
      (await templates.predict(ONCE, changes)).resources
        .filter(({ type }) => type.endsWith('/locks'))
        .map(({ id }) => id.split('/').at(-5));
    const param = (from: string, to: string): Change => ({ file: ONCE, from, to });
    assert.equal((await locks()).length, 4);
    assert.deepEqual(await locks(param("readEnvironmentVariable('LOCKED', 'true')", "'false'")), []);
    const others = await locks(
      param("split(readEnvironmentVariable('EventHubs__fullyQualifiedNamespace', ''), '.')[0]", "''"),
    );
    assert.equal(others.length, 3);
  });

  for (const [name, change, caughtBy] of MUTATIONS) {
    it(`is noticed to be wrong: ${name} (${caughtBy})`, async () => {
      const prediction = await templates.predict(ONCE, [change]);
      assert.notDeepEqual(INVARIANTS[caughtBy](prediction, MEANT), []);
    });
  }
});
