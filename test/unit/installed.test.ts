import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';

// Plain JavaScript without types.
const { isInstalled } = (await import(new URL('../../tools/installed.mjs', import.meta.url).href)) as {
  isInstalled: (root: string) => boolean;
};

const A = { version: '1.0.0', integrity: 'sha512-a' };
const B = { version: '2.0.0', integrity: 'sha512-b', optional: true };

test('an installation counts when it is finished and is the one that the lockfile names, whoever made it', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'installed-'));
  t.onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'node_modules'));
  const write = (path: string, packages: object) =>
    writeFileSync(join(root, path), JSON.stringify({ packages }));
  write('package-lock.json', { '': {}, 'node_modules/a': A, 'node_modules/b': B });
  assert.equal(isInstalled(root), false, 'npm has written no record');
  const cases: [object, boolean][] = [
    [{ 'node_modules/a': A, 'node_modules/b': B }, true],
    [{ 'node_modules/a': A }, true], // b is for another platform
    [{ 'node_modules/b': B }, false],
    [{ 'node_modules/a': { ...A, version: '1.0.1' } }, false],
    [{ 'node_modules/a': { ...A, integrity: 'sha512-other' } }, false],
    [{ 'node_modules/a': A, 'node_modules/c': A }, false],
  ];
  for (const [installed, counts] of cases) {
    write('node_modules/.package-lock.json', installed);
    assert.equal(isInstalled(root), counts, JSON.stringify(installed));
  }
  writeFileSync(join(root, 'node_modules/.package-lock.json'), '{');
  assert.equal(isInstalled(root), false);
});
