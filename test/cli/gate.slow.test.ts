import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../tools/operator/main.ts', import.meta.url));
const HOUR_MS = 3_600_000;
const COMMIT = 'a'.repeat(40);
const ENVIRONMENT = {
  event_hubs: 'evhns-x.servicebus.windows.net',
  database: 'psql-x.postgres.database.azure.com/backoffice',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gate-'));
  write('package.zip', 'the package');
  write('main.json', '{"the":"template"}');
  write('e2e.json', JSON.stringify(result(1)));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
const result = (hoursAgo: number, change: object = {}) => ({
  ok: true,
  failures: [],
  run_id: 'e2e-0123456789ab',
  published: 360,
  finished_at: new Date(Date.now() - hoursAgo * HOUR_MS).toISOString(),
  environment: ENVIRONMENT,
  limits: { max_visible_ms: 5000, max_lag: 0 },
  ...change,
});

async function gate(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const files = ['--package', 'package.zip', '--template', 'main.json'];
  const found = await promisify(execFile)(process.execPath, [CLI, 'gate', ...words, ...files], {
    cwd: folder,
    env: { PATH: process.env['PATH'], INIT_CWD: folder },
  }).catch((error: { code: number; stdout: string; stderr: string }) => error);
  return { code: 'code' in found ? found.code : 0, out: found.stdout, err: found.stderr };
}
const record = (...words: string[]) => gate('record', '--e2e', 'e2e.json', '--commit', COMMIT, ...words);
const check = (...words: string[]) => gate('check', '--gate', 'gate.json', '--commit', COMMIT, ...words);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('what has passed may be promoted, and the gate says what that was', async () => {
  const { code, err } = await record();
  assert.deepEqual([code, err], [0, '']);
  const written = JSON.parse(readFileSync(join(folder, 'gate.json'), 'utf8'));
  assert.deepEqual(
    [written.commit, written.package_sha256, written.template_sha256, written.e2e.run_id],
    [COMMIT, sha256('the package'), sha256('{"the":"template"}'), 'e2e-0123456789ab'],
  );
  assert.deepEqual(written.e2e.environment, ENVIRONMENT);
  assert.equal(Date.parse(written.expires_at) - Date.parse(written.e2e.finished_at), 72 * HOUR_MS);
  const checked = await check();
  assert.deepEqual([checked.code, checked.err], [0, '']);
  assert.match(
    checked.out,
    /may be promoted: e2e-0123456789ab has passed in evhns-x\.servicebus\.windows\.net/,
  );
});

test('another package, template or commit, or an expired gate, is refused, and the reason says which', async () => {
  await record('--valid-hours', '2');
  const other = 'b'.repeat(40);
  assert.deepEqual(reasonsOf(await check('--commit', other)), [
    `source: its commit is ${other}, and ${COMMIT} has passed`,
  ]);

  write('package.zip', 'another package');
  const packageReason = `package: its SHA-256 is ${sha256('another package')}, and ${sha256('the package')} has passed`;
  assert.deepEqual(reasonsOf(await check()), [packageReason]);

  write('main.json', '{}');
  const templateReason = `compiled template: its SHA-256 is ${sha256('{}')}, and ${sha256('{"the":"template"}')} has passed`;
  assert.deepEqual(reasonsOf(await check()), [packageReason, templateReason]);

  write('package.zip', 'the package');
  write('main.json', '{"the":"template"}');
  const written = JSON.parse(readFileSync(join(folder, 'gate.json'), 'utf8'));
  write('gate.json', JSON.stringify({ ...written, expires_at: new Date(Date.now() - 1000).toISOString() }));
  const [expired, ...others] = reasonsOf(await check());
  assert.match(expired!, /age: the gate expired at/);
  assert.deepEqual(others, []);
  const later = { ...written.e2e, finished_at: new Date(Date.now() + HOUR_MS).toISOString() };
  write('gate.json', JSON.stringify({ ...written, e2e: later }));
  assert.match(reasonsOf(await check())[0]!, /later than now/);
});

function reasonsOf({ code, out }: { code: number; out: string }): string[] {
  assert.equal(code, 1, out);
  return out
    .trim()
    .split('\n')
    .map((line) => line.replace(/^REFUSED: /, ''));
}

test('a test of another package, or of more than one, opens no gate', async () => {
  const identity = '1'.repeat(64);
  const other = '2'.repeat(64);
  write('package.zip', zipSync({ 'dist/package.sha256': Buffer.from(`${identity}\n`) }));
  for (const [packages, said] of [
    [[other], `the app says that it is ${other}, and the zip is ${identity}`],
    [[identity, other], `the app says that it is ${other}, and`],
    [[], 'no process of the app has said which one it is'],
  ] as const) {
    write('e2e.json', JSON.stringify(result(1, { packages })));
    const { code, err } = await record();
    assert.deepEqual([code, err.includes(said)], [2, true], err);
  }
  write('e2e.json', JSON.stringify(result(1, { packages: [identity] })));
  assert.equal((await record()).code, 0);
  assert.equal(JSON.parse(readFileSync(join(folder, 'gate.json'), 'utf8')).package_identity, identity);
  assert.equal((await check()).code, 0);
});

test('a test that failed, or is too old, opens no gate; nor do files that are something else', async () => {
  write('e2e.json', JSON.stringify(result(1, { ok: false, failures: ['dead letters are lost'] })));
  const failed = await record();
  assert.deepEqual([failed.code, /has failed: dead letters are lost/.test(failed.err)], [2, true]);
  write('e2e.json', JSON.stringify(result(73)));
  assert.match((await record()).err, /more than 72 hours ago/);
  for (const local of [{ event_hubs: '127.0.0.1:5672' }, { database: 'localhost:5432/backoffice' }]) {
    write('e2e.json', JSON.stringify(result(1, { environment: { ...ENVIRONMENT, ...local } })));
    assert.match((await record()).err, /was a test of this machine/);
  }
  write('e2e.json', '{"ok":true}');
  assert.match((await record()).err, /not valid/);
  write('gate.json', '{"format":2}');
  assert.match((await check()).err, /no gate/);
  assert.match((await gate('check', '--gate', 'absent.json', '--commit', COMMIT)).err, /absent\.json/);
  assert.match((await gate('check', '--gate', 'gate.json', '--commit', 'main')).err, /whole commit id/);
});

test('without --commit it is that of the work tree, which has to be clean', async () => {
  assert.match((await gate('record', '--e2e', 'e2e.json')).err, /no git work tree/);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {
      cwd: folder,
      encoding: 'utf8',
    });
  git('init', '--quiet');
  write('.gitignore', '*.json\n*.zip\n');
  write('tracked', '1');
  git('add', '.gitignore', 'tracked');
  git('commit', '--quiet', '-m', 'one');
  assert.equal((await gate('record', '--e2e', 'e2e.json')).code, 0);
  assert.equal((await gate('check', '--gate', 'gate.json')).code, 0);
  write('profile-that-nobody-knows', '{}');
  assert.match((await gate('check', '--gate', 'gate.json')).err, /new files, that are not committed/);
  rmSync(join(folder, 'profile-that-nobody-knows'));
  write('tracked', '2');
  assert.match((await gate('check', '--gate', 'gate.json')).err, /not committed/);
  git('commit', '--quiet', '--all', '-m', 'two');
  assert.match((await gate('check', '--gate', 'gate.json')).out, /source: its commit is/);
});
