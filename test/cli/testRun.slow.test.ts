import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { portAnswers } from '../../tools/local/processes/ports.ts';
import { until } from '../support/until.ts';

// `npm test` itself, on the files of test/fixtures/runs: whatever becomes of a test file, its results are complete or count as
// failed, and the run ends.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  output(): string;
  /** The exit code, once the run has ended. */
  readonly ended: Promise<number | null>;
}

function start(files: readonly string[], settings: Readonly<Record<string, string>> = {}): Run {
  const words = ['test/run.ts', '--config', 'test/fixtures/runs/vitest.config.mjs', ...files];
  const { TEST_POSTGRES_URL: _, VITEST: _1, CI: _2, ...environment } = process.env;
  const env = { ...environment, NO_COLOR: '1', ...settings };
  const child = spawn(process.execPath, words, { cwd: ROOT, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return { child, output: () => output, ended: once(child, 'close').then(([code]) => code as number | null) };
}

async function endOf(files: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const run = start(files, settings);
  const code = await run.ended;
  return { code, output: run.output(), last: run.output().trimEnd().split('\n').at(-1) };
}

test('tests are counted, suites are not; what an assertion says is shown', async () => {
  const { code, last, output } = await endOf(['assertion']);
  assert.deepEqual([code, last], [1, '2 passed, 1 failed, 0 skipped']);
  assert.match(output, /FAIL .*assertion\.test\.mjs > bad/);
  assert.match(output, /amount: '1\.00'/);
  assert.match(output, /amount: '2\.00'/);
});

test('a skipped test is told of with its reason; on CI it counts as failed', async () => {
  const elsewhere = await endOf(['skipped']);
  assert.deepEqual([elsewhere.code, elsewhere.last], [0, '1 passed, 0 failed, 1 skipped']);
  assert.match(elsewhere.output, /Skipped: left out: there is no such tool/);
  const onCi = await endOf(['skipped'], { CI: 'true' });
  assert.deepEqual([onCi.code, onCi.last], [1, '1 passed, 1 failed, 0 skipped']);
});

test('files whose results are cut short or missing count as failed', async () => {
  const says = {
    exits: /process\.exit unexpectedly called with "0"/,
    killed: /Worker exited unexpectedly with signal SIGKILL .*killed\.test\.mjs/,
    throwsAside: /nobody caught it/,
    rejectsAside: /nobody awaited it/,
    throwsOutside: /not inside of a test/,
    empty: /No test suite found in file .*empty\.test\.mjs/,
    setUp: /no database/,
  };
  const { code, output, last } = await endOf(Object.keys(says));
  for (const words of Object.values(says)) assert.match(output, words);
  // Three tests passed beside these failures; of the killed file, its three tests and its end count.
  assert.deepEqual([code, last], [1, '3 passed, 10 failed, 1 skipped']);
});

test('a run that finds no test fails', async () => {
  const { code, last } = await endOf(['noSuchFile']);
  assert.deepEqual([code, last], [1, '0 passed, 1 failed, 0 skipped']);
});

test('what a test file leaves open does not keep the run from ending', async () => {
  const { code, last } = await endOf(['leavesOpen']);
  assert.deepEqual([code, last], [0, '1 passed, 0 failed, 0 skipped']);
});

test('a test that blocks its process, so that no timeout can end it, ends as failed', async () => {
  const { code, last, output } = await endOf(['spins'], { TEST_SILENCE_SECONDS: '5' });
  assert.deepEqual([code, last], [1, '0 passed, 2 failed, 0 skipped']);
  assert.match(output, /Nothing happened for 5 s/);
});

test.for(['SIGINT', 'SIGTERM'] as const)(
  'a run that is told to end by %s stops what it started',
  async (signal) => {
    const run = start(['server/waits']);
    const url = () => /PostgreSQL: (\S+)/.exec(run.output())?.[1];
    await until('the test runs', 60_000, () => url() !== undefined);
    run.child.kill(signal);
    assert.equal(await run.ended, 1);
    assert.match(run.output().trimEnd().split('\n').at(-1) ?? '', /^0 passed, [1-9]\d* failed, 0 skipped$/);
    assert.equal(await portAnswers(Number(new URL(url()!).port)), false);
  },
);
