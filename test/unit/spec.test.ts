import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const spec = readFileSync(join(root, 'docs/spec.md'), 'utf8');
const sections = new Set([...spec.matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => number!));

/** The sections that a text names: `SPEC 2.1`, `SPEC 5, 13`, `SPEC 3 and 4`. */
function referencesOf(text: string): string[] {
  return [...text.matchAll(/\bSPEC(?:'s)? (\d[\d., and]*)/g)].flatMap(
    ([, list]) => list!.match(/\d+(?:\.\d+)?/g) ?? [],
  );
}

test('every reference to the specification leads to a section of it', () => {
  const lost: string[] = [];
  let found = 0;
  const files = execFileSync('git', ['grep', '-lIE', 'SPEC [0-9]', '--', ':!docs/spec.md'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of files.trim().split('\n')) {
    // This file shows what a reference looks like.
    if (file === 'test/unit/spec.test.ts') continue;
    for (const number of referencesOf(readFileSync(join(root, file), 'utf8'))) {
      found++;
      if (!sections.has(number)) lost.push(`${file}: SPEC ${number}`);
    }
  }
  assert.deepEqual(lost, []);
  assert.ok(found > 50, `${found} references were found`);
});

test('sections that the specification names itself are there', () => {
  const named = [
    ...spec.matchAll(/\bsections? (\d+(?:\.\d+)?)/g),
    ...spec.matchAll(/\((\d\.\d)(?:[,)])/g),
  ].map(([, number]) => number!);
  assert.ok(named.length > 5);
  assert.deepEqual(
    named.filter((number) => !sections.has(number)),
    [],
  );
});

test('a reference to a section that is not there is noticed', () => {
  assert.deepEqual(referencesOf('as SPEC 2.1, 2.2 say; SPEC 99.'), ['2.1', '2.2', '99']);
  assert.ok(!sections.has('99'));
});

test('every file that a document names is there', () => {
  const pages = execFileSync('git', ['ls-files', '-z', '--', '*.md'], { cwd: root, encoding: 'utf8' });
  const lost = pages
    .split('\0')
    .filter((page) => page !== '' && page !== 'test/README.md')
    .flatMap((page) =>
      [
        ...readFileSync(join(root, page), 'utf8').matchAll(
          /`((?:functions|infra|shared|test|tools)\/[\w./-]+\.\w+)`/g,
        ),
      ]
        .map(([, file]) => file!)
        .filter((file) => !file.includes('NAME') && !existsSync(join(root, file)))
        .map((file) => `${page}: ${file}`),
    );
  assert.deepEqual(lost, []);
});
