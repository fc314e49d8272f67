import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import {
  circlesOfFiles,
  circlesOfRooms,
  importsOf,
  PURE,
  ROOT_FILES,
  type Sources,
  strays,
  TOP_LEVEL,
  wrongImports,
} from '../support/architecture.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const HERE = 'test/unit/architecture.test.ts';

/** What belongs to the repository: committed, or new and not ignored. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '');
const sources: Sources = new Map(
  files
    // Without this file: it plants what is wrong.
    .filter((file) => /\.(ts|mjs|cjs)$/.test(file) && !file.startsWith('test/fixtures/') && file !== HERE)
    .flatMap((file) => {
      try {
        return [[file, readFileSync(join(root, file), 'utf8')] as const];
      } catch {
        // Deleted, and not committed yet.
        return [];
      }
    }),
);
const within = (folder: string) => [...sources].filter(([file]) => file.startsWith(`${folder}/`));

test('every file is in a room, and imports from the rooms that its own allows', () => {
  assert.deepEqual(wrongImports(sources), []);
});

test('an import against the direction is noticed, and a file in no room', () => {
  assert.deepEqual(wrongImports(new Map([['shared/store/a.ts', "import './../ingest/b.ts';"]])), [
    'shared/store/a.ts imports shared/ingest/b.ts',
  ]);
  assert.deepEqual(wrongImports(new Map([['functions/a.ts', "import '../tools/proof/b.ts';"]])), [
    'functions/a.ts imports tools/proof/b.ts',
  ]);
  assert.deepEqual(wrongImports(new Map([['tools/operator/dump/a.ts', "import '../../local/b.ts';"]])), [
    'tools/operator/dump/a.ts imports tools/local/b.ts',
  ]);
  assert.deepEqual(wrongImports(new Map([['scripts/a.ts', '']])), ['scripts/a.ts is in no room']);
});

test('no imports go in a circle, of any length, between files or between rooms', () => {
  assert.deepEqual(circlesOfFiles(sources), []);
  assert.deepEqual(circlesOfRooms(sources), []);
});

test('a circle of three files is noticed, and one of two rooms that is none of files', () => {
  const circle = new Map([
    ['shared/store/a.ts', "import { b } from './b.ts';"],
    ['shared/store/b.ts', "const c = await import('./c.ts');"],
    ['shared/store/c.ts', "import type { a } from './a.ts';"],
  ]);
  assert.deepEqual(circlesOfFiles(circle), [
    'shared/store/a.ts -> shared/store/b.ts -> shared/store/c.ts -> shared/store/a.ts',
  ]);
  const rooms = new Map([
    ['shared/ingest/a.ts', "import '../replay/b.ts';"],
    ['shared/replay/c.ts', "import '../ingest/d.ts';"],
  ]);
  assert.deepEqual(circlesOfFiles(rooms), []);
  assert.deepEqual(circlesOfRooms(rooms), ['shared/ingest -> shared/replay -> shared/ingest']);
});

test('the top level holds its folders and files, and nothing else', () => {
  const entries = new Map(
    files.map((file) => {
      const [name = '', ...rest] = file.split('/');
      return [name, { name, isFolder: rest.length > 0 }];
    }),
  );
  assert.deepEqual(strays([...entries.values()]), []);
  assert.deepEqual(
    [...TOP_LEVEL, ...ROOT_FILES].filter((name) => !entries.has(name)),
    [],
  );
});

test('a stray file or folder in the top level is noticed', () => {
  const planted = [
    { name: 'notes.txt', isFolder: false },
    { name: 'scripts', isFolder: true },
    { name: 'README.md', isFolder: false },
    { name: 'shared', isFolder: true },
  ];
  assert.deepEqual(strays(planted), ['notes.txt', 'scripts']);
});

test('shared/ holds what the functions reach, and nothing else', () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const name of importsOf(sources.get(file) ?? '')) {
      if (name.startsWith('.')) visit(join(file, '..', name));
    }
  };
  for (const [file] of within('functions')) visit(file);
  assert.deepEqual(
    within('shared')
      .map(([file]) => file)
      .filter((file) => !reached.has(file)),
    [],
  );
});

test('pure rooms do no I/O and read no clock', () => {
  for (const [room, packages] of Object.entries(PURE)) {
    for (const [file, text] of within(room)) {
      const others = importsOf(text).filter((name) => !name.startsWith('.') && !packages.includes(name));
      assert.deepEqual(others, [], file);
      assert.doesNotMatch(text, /Date\.now|new Date\(\)|process\.|Math\.random/, file);
    }
  }
});

test('the environment is read in shared/settings and by the start of a program only', () => {
  const readers = [...within('shared'), ...within('functions')]
    .filter(([, text]) => /process\.env(?!\['APPLICATION_?INSIGHTS_[A-Z_]+'\] = )/.test(text))
    .map(([file]) => file);
  assert.deepEqual(readers, ['functions/runtime.ts']);
});

test('the model shares no code with what it checks, only the names of topics', () => {
  for (const file of ['tools/proof/model.ts', 'tools/proof/compare.ts']) {
    const values = [...sources.get(file)!.matchAll(/^import (?!type )[^;]*'([^']+)';/gm)]
      .map(([, name]) => name!)
      .filter((name) => name.startsWith('..'));
    assert.deepEqual(values, [], file);
  }
});

test('only functions/ knows the Functions library, and a handler adapts: it is short', () => {
  for (const [file, text] of [...within('shared'), ...within('tools/operator')]) {
    assert.deepEqual(
      importsOf(text).filter((name) => name.startsWith('@azure/functions')),
      [],
      file,
    );
  }
  for (const [file, text] of within('functions')) {
    const lines = text.split('\n').length;
    assert.ok(lines <= 60, `${file} has ${lines} lines: a handler adapts, it does not decide`);
  }
});
