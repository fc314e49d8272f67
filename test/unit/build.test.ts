import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildFunctions } from '../../scripts/build.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

test('the app finds the Entra library in the file beside it that is deployed with it', async () => {
  await buildFunctions();
  const imported = [...read('dist/functions.cjs').matchAll(/\bimport\("([^"]+)"\)/g)].map(
    (match) => match[1]!,
  );
  assert.deepEqual(imported, ['./identity/index.cjs']);
  const { DefaultAzureCredential } = (await import(
    pathToFileURL(join(root, 'dist', imported[0]!)).href
  )) as typeof import('@azure/identity');
  assert.equal(typeof new DefaultAzureCredential().getToken, 'function');
});

test('every file that is deployed is there after a build', async () => {
  await buildFunctions();
  const deployed = [...read('.funcignore').matchAll(/^!(.*[^/\n])$/gm)].map((match) => match[1]!);
  assert.ok(deployed.includes('dist/functions.cjs'));
  assert.deepEqual(
    deployed.filter((file) => !existsSync(join(root, file))),
    [],
  );
});
