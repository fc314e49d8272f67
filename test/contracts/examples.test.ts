import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { test } from 'vitest';
import { readerOf } from '../../shared/contracts/fieldReader.ts';
import { type FieldKind, LOGICAL_TOPICS } from '../../shared/contracts/fields.ts';
import {
  BUILT_IN_PROFILES,
  type ContractField,
  parseProfile,
  topicNames,
} from '../../shared/contracts/profile.ts';
import { EXAMPLES_FOLDER, type ExampleCase, readExamples } from '../../tools/contracts/examples.ts';
import { CANONICAL_SETTINGS } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { observe } from './observe.ts';

const CASES = readExamples();
const nameOf = ({ topic, name }: ExampleCase) => `${topic}, ${name}`;

test('every message has the outcome and leaves the rows that its case says', async (t) => {
  const database = await testDatabase(t);
  assert.deepEqual(await observe(database, CASES), CASES);
});

test('the rows are the same with the messages of a case in one batch, and under the other profile', async (t) => {
  const together = await testDatabase(t);
  const rows = (cases: readonly ExampleCase[]) => cases.map((one) => [nameOf(one), one.rows]);
  assert.deepEqual(rows(await observe(together, CASES, { together: true })), rows(CASES));
  const profile = parseProfile(BUILT_IN_PROFILES['nsc-dev-v1'], 'nsc-dev-v1');
  const settings = { ...CANONICAL_SETTINGS, profile, topics: topicNames(profile) };
  assert.deepEqual(await observe(await testDatabase(t), CASES, { settings }), CASES);
});

test('each topic has the cases that a new topic is tested with, and every file is of a case', () => {
  for (const topic of LOGICAL_TOPICS) {
    const ofTopic = CASES.filter((one) => one.topic === topic);
    const names = ofTopic.map(({ name }) => name);
    for (const name of [
      'normal',
      'least',
      'out of order',
      'duplicate',
      'conflict',
      // Control totals are written for this product: no built-in profile has other names.
      ...(topic === 'control' ? [] : ['aliases']),
      'schema version 1.7',
    ]) {
      assert.ok(names.includes(name), `${topic} has a case "${name}"`);
    }
    const errors = new Set<unknown>(
      ofTopic.flatMap(({ messages }) => messages.map((one) => 'error' in one && one.error)),
    );
    for (const error of [
      'core_missing',
      'core_invalid',
      'field_invalid',
      ...(topic === 'control' ? [] : ['alias_conflict']),
      'timestamp_in_future',
      'unsupported_schema_version',
    ]) {
      assert.ok(errors.has(error), `${topic} has a case of ${error}`);
    }
  }
  const files = globSync('*/*', { cwd: EXAMPLES_FOLDER }).sort();
  const used = new Set(CASES.flatMap(({ messages }) => messages.map(({ file }) => file)));
  assert.deepEqual(files, [...used].sort());
});

/** The cases that come out otherwise. */
function differing(observed: readonly ExampleCase[]): string[] {
  return CASES.filter((one, index) => !isDeepStrictEqual(observed[index], one)).map(nameOf);
}

interface Topics {
  [topic: string]: { aliases: Record<string, unknown>; core: string[] };
}

test('a change of the contract that breaks an accepted message fails these tests', async (t) => {
  const underCopy = async (change: (topics: Topics) => void) => {
    const copy = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as { topics: Topics };
    change(copy.topics);
    const settings = { ...CANONICAL_SETTINGS, profile: parseProfile(copy, 'a copy') };
    return differing(await observe(await testDatabase(t), CASES, { settings }));
  };
  const aliasGone = await underCopy(({ ledger }) => delete ledger!.aliases['entry_type']);
  assert.deepEqual(aliasGone, ['ledger, failing alias conflict', 'ledger, aliases']);
  const moreCore = await underCopy((topics) => topics['payment_order']!.core.push('merchant_name'));
  assert.deepEqual(moreCore, [
    'payment_order, least',
    'payment_order, failing field invalid',
    'payment_order, aliases',
    'payment_order, forms of values',
  ]);
  // What was ignored is read now.
  const nameTaken = await underCopy(({ ledger }) => {
    ledger!.aliases['related_type'] = ['region'];
  });
  assert.deepEqual(nameTaken, ['ledger, schema version 1.7']);
});

test('a change of a field that breaks an accepted message fails these tests', async (t) => {
  const otherKind = (name: string, kind: FieldKind) => (field: ContractField) =>
    field.name === name ? { ...field, kind, ...readerOf(kind, (local) => local) } : field;
  const ids = await observe(await testDatabase(t), CASES, { fields: otherKind('user_id', 'text') });
  assert.deepEqual(differing(ids), ['payment_order, forms of values']);
  const versions = await observe(await testDatabase(t), CASES, { fields: otherKind('version', 'text') });
  assert.ok(differing(versions).length > 10);
});
