import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each folder may import of the repository; itself goes without saying. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'shared/contracts': [],
  'shared/precedence': ['shared/contracts'],
  'shared/pairing': [],
  'shared/privacy': ['shared/contracts', 'shared/precedence'],
  'shared/store': ['shared/contracts', 'shared/precedence', 'shared/pairing', 'shared/privacy'],
  'shared/settings': ['shared/contracts', 'shared/privacy'],
  'shared/ingest': [
    'shared/contracts',
    'shared/precedence',
    'shared/pairing',
    'shared/privacy',
    'shared/store',
  ],
  'shared/dump': ['shared/contracts', 'shared/ingest', 'shared/precedence', 'shared/store'],
  'shared/backfill': [
    'shared/contracts',
    'shared/dump',
    'shared/pairing',
    'shared/precedence',
    'shared/privacy',
    'shared/store',
  ],
  'shared/reconcile': [
    'shared/backfill',
    'shared/contracts',
    'shared/dump',
    'shared/precedence',
    'shared/privacy',
    'shared/store',
  ],
  'shared/replay': ['shared/contracts', 'shared/ingest', 'shared/privacy', 'shared/store'],
  'shared/metrics': ['shared/contracts', 'shared/store'],
  // Data.
  'shared/profiles': [],
  'shared/topicCheck': [
    'shared/contracts',
    'shared/ingest',
    'shared/pairing',
    'shared/precedence',
    'shared/store',
  ],
  functions: [
    'shared/contracts',
    'shared/ingest',
    'shared/metrics',
    'shared/replay',
    'shared/settings',
    'shared/store',
  ],
};

/** Folders that compute and nothing else: no I/O, no clock, no environment. */
const PURE: Readonly<Record<string, readonly string[]>> = {
  'shared/contracts': ['node:buffer', 'zod', 'temporal-polyfill'],
  'shared/precedence': [],
  'shared/pairing': [],
  'shared/topicCheck': [],
};

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
}

const sources = (folder: string) => globSync(`${folder}/**/*.ts`, { cwd: root });

test('dependencies between folders point one way', () => {
  const folders = globSync('shared/*', { cwd: root });
  assert.deepEqual(
    folders.filter((folder) => MAY_IMPORT[folder] === undefined),
    [],
    'every folder of shared/ is listed',
  );
  for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
    for (const file of sources(folder)) {
      for (const target of importsOf(file).filter((name) => name.startsWith('.'))) {
        const path = relative(root, join(root, dirname(file), target));
        const fits = [folder, ...allowed].some((prefix) => path.startsWith(`${prefix}/`));
        assert.ok(fits, `${file} imports ${target}`);
      }
    }
  }
});

test('contracts, precedence, pairing and the check of topics do no I/O and read no clock', () => {
  for (const [folder, packages] of Object.entries(PURE)) {
    for (const file of sources(folder)) {
      const others = importsOf(file).filter((name) => !name.startsWith('.') && !packages.includes(name));
      assert.deepEqual(others, [], file);
      assert.doesNotMatch(
        readFileSync(join(root, file), 'utf8'),
        /Date\.now|new Date\(\)|process\.|Math\.random/,
        file,
      );
    }
  }
});

test('the product reads nothing outside the repository, and only functions/ knows the Functions library', () => {
  for (const file of sources('shared')) {
    assert.deepEqual(
      importsOf(file).filter((name) => name.startsWith('@azure/functions')),
      [],
      file,
    );
  }
  for (const file of sources('functions')) {
    const lines = readFileSync(join(root, file), 'utf8').split('\n').length;
    assert.ok(lines <= 60, `${file} has ${lines} lines: a handler adapts, it does not decide`);
  }
});
