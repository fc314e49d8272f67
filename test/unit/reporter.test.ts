import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

// A run inside of a run is refused by node:test: each run here is a process of its own.
const folder = mkdtempSync(join(tmpdir(), 'reporter-test-'));
after(() => rmSync(folder, { recursive: true }));
const reporter = fileURLToPath(new URL('../reporter.ts', import.meta.url));

function report(test: string, skippedFail = false): string[] {
  const file = join(folder, 'example.test.mjs');
  writeFileSync(
    file,
    `import assert from 'node:assert/strict'; import { before, describe, it } from 'node:test';\n${test}`,
  );
  const program = join(folder, 'run.mjs');
  writeFileSync(
    program,
    `import { run } from 'node:test';
    import { TestReporter } from ${JSON.stringify(reporter)};
    const reporter = new TestReporter((text) => process.stdout.write(text), ${skippedFail});
    for await (const event of run({ files: [${JSON.stringify(file)}] })) reporter.take(event);
    reporter.finish();`,
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = spawnSync(process.execPath, [program], {
    ...{ cwd: folder, env, encoding: 'utf8' },
  });
  return stdout.trimEnd().split('\n');
}

test('tests are counted, suites are not, and the counts are the last line', () => {
  const lines =
    report(`describe('outer', () => { it('one', () => {}); describe('inner', () => it('two', () => {})); });
    it('bad', () => assert.equal(1, 2)); it('left out', (t) => t.skip('no docker'));`);
  assert.equal(lines.at(-1), '2 passed, 1 failed, 1 skipped');
  assert.deepEqual(lines.slice(1, 8), [
    'example.test.mjs',
    '  outer',
    '    ✔ one',
    '    inner',
    '      ✔ two',
    '  ✖ bad',
    '  - left out',
  ]);
  assert(lines.includes('- example.test.mjs > left out: no docker'));
  assert(lines.some((line) => line.includes('1 !== 2')));
});

test('a skipped test can count as failed', () => {
  assert.equal(
    report(`it('left out', (t) => t.skip('no docker'));`, true).at(-1),
    '0 passed, 1 failed, 0 skipped',
  );
});

test('a file that crashes, ends itself or holds no test counts as failed', () => {
  assert.equal(report(`throw new Error('x');`).at(-1), '0 passed, 1 failed, 0 skipped');
  assert.equal(report(`it('one', () => process.exit(0));`).at(-1), '0 passed, 1 failed, 0 skipped');
  assert.equal(report(`const nothing = 1;`).at(-1), '0 passed, 1 failed, 0 skipped');
  const late = report(`it('one', () => {}); setTimeout(() => { throw new Error('too late'); }, 10);`);
  assert.equal(late.at(-1), '1 passed, 1 failed, 0 skipped');
  assert(late.some((line) => line.includes('too late')));
});

test('a suite whose set-up failed counts as failed, with the reason', () => {
  const lines = report(`describe('outer', () => { before(() => { throw new Error('no database'); }); });`);
  assert.equal(lines.at(-1), '0 passed, 1 failed, 0 skipped');
  assert(lines.some((line) => line.includes('no database')));
});
