import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const project = parse(read('azure.yaml'));
const [[name, service]] = Object.entries<Record<string, unknown>>(project.services) as [
  [string, Record<string, unknown>],
];

it('azd finds the app by its tag, and uploads what was packaged as it is', () => {
  assert.match(read('infra/modules/functionApp.bicep'), new RegExp(`'azd-service-name': '${name}'`));
  const { host, language, remoteBuild, dist } = service;
  assert.deepEqual(
    { host, language, remoteBuild, dist },
    { host: 'function', language: 'js', remoteBuild: false, dist: 'app' },
  );
  // With one that leaves node_modules out, azd refuses `remoteBuild: false`.
  assert.equal(existsSync(join(ROOT, `${service['project']}/.funcignore`)), false);
  // azd runs `npm install`, then the script `build`.
  const { dependencies, scripts } = JSON.parse(read(`${service['project']}/package.json`));
  assert.equal(dependencies, undefined);
  expect(Object.keys(scripts)).toEqual(['build']);
  assert.match(scripts.build, new RegExp(`npm run package -- --unpack ${service['project']}/${dist}$`));
});

it('its parameters are those of Cloud-Test, and its hooks run commands of the guide', () => {
  const { path, module } = project.infra;
  assert.ok(existsSync(join(ROOT, `${path}/${module}.bicepparam`)));
  const guide = read('docs/deploy.md').split('\n');
  for (const hook of ['session', 'postprovision', 'postdeploy']) {
    const commands = read(`infra/azd/${hook}.sh`)
      .split('\n')
      .map((line) => line.trim().replace('PGUSER="$OPERATORS_NAME" npm', 'PGUSER="$PIPELINE_NAME" npm'))
      .filter((line) => /^(az|npm|PGUSER=|ADDRESS=)/.test(line));
    assert.notEqual(commands.length, 0, hook);
    for (const command of commands) assert.ok(guide.includes(command), `${hook}: ${command}`);
  }
});
