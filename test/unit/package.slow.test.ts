import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { test } from 'vitest';
import { readPackageIdentity } from '../../shared/settings/packageIdentity.ts';
import { identityOf } from '../../tools/operator/gate/gate.ts';
import { deployedFiles, packageIdentity } from '../../tools/package/contents.ts';
import { measureStart } from '../../tools/package/measureStart.ts';
import { makePackage, unpack } from '../../tools/package/package.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);

test('the package is the same bytes from another directory, at another time and in another time zone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  t.onTestFinished(() => rmSync(folder, { recursive: true }));
  const here = await makePackage(join(folder, 'here.zip'));

  const elsewhere = join(folder, 'a copy of the repository');
  for (const name of [
    'functions',
    'shared',
    'tools',
    'package.json',
    'host.json',
    '.funcignore',
    'tsconfig.json',
  ]) {
    await cp(join(root, name), join(elsewhere, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(elsewhere, 'node_modules'));
  const { stdout } = await execute(
    process.execPath,
    ['tools/package/package.ts', '--json', '--out', 'there.zip'],
    {
      cwd: elsewhere,
      env: { PATH: process.env['PATH'], TZ: 'Pacific/Kiritimati' },
    },
  );
  assert.equal(JSON.parse(stdout).sha256, here.sha256);
  assert.deepEqual(readFileSync(join(elsewhere, 'there.zip')), readFileSync(join(folder, 'here.zip')));
});

test('the package holds what is deployed and nothing else, and loads without the repository around it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  const file = join(folder, 'package.zip');
  await makePackage(file);
  const { directory, remove } = await unpack(file);
  t.onTestFinished(async () => {
    await remove();
    rmSync(folder, { recursive: true });
  });
  assert.deepEqual(Object.keys(unzipSync(readFileSync(file))).sort(), await deployedFiles());
  // Which package it is, it says itself: by the content of all other files.
  const identity = await packageIdentity();
  assert.equal(readPackageIdentity(join(directory, 'dist')), identity);
  assert.equal(await identityOf(file), identity);
  assert.ok(!existsSync(join(directory, 'node_modules')));
  // Throws where a module is not found, or the functions are not the five.
  await measureStart(join(directory, 'dist', 'functions.cjs'), 1);
  for (const part of ['identity', 'key-vault', 'event-hubs', 'telemetry']) {
    await execute(
      process.execPath,
      ['-e', `require(${JSON.stringify(join(directory, 'dist', part, 'index.cjs'))})`],
      {
        cwd: directory,
        env: {},
      },
    );
  }
});
