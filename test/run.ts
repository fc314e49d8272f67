import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startAzurite } from '../tools/local/processes/azurite.ts';
import { startPostgres } from '../tools/local/processes/postgres.ts';
import { TestReporter } from './reporter.ts';

// `npm test [-- FILE ...]`: type check, lint, then all tests but the slow ones (or the files that are named) on a
// PostgreSQL and an Azurite of their own. The last line is "N passed, N failed, N skipped"; exit code 1 if anything failed or nothing ran.

const ROOT = fileURLToPath(new URL('..', import.meta.url));
// Long enough for the slowest recovery that a test waits for; a test that needs more says so itself.
const TEST_TIMEOUT_MS = 180_000;
// A file whose tests are over but that never ends (a forgotten handle) must not hang the run.
const SILENCE_LIMIT_MS = TEST_TIMEOUT_MS + 60_000;

async function main(): Promise<void> {
  process.chdir(ROOT);
  // Test files are ended first, then the backends: whoever started something stops it.
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => abort.abort());
  const reporter = new TestReporter((text) => process.stdout.write(text), process.env['CI'] === 'true');
  reporter.check('type check (tsc -p .)', await failureOf('tsc', ['-p', '.']));
  reporter.check('lint and format (biome ci .)', await failureOf('biome', ['ci', '--colors=off', '.']));
  const files = testFiles(process.argv.slice(2));
  if (files.length === 0) reporter.check('tests', 'No test file was found.');
  else if (!abort.signal.aborted) {
    await runOnBackends(files, reporter, abort).catch((error: Error) => {
      reporter.check('PostgreSQL and Azurite for the tests', error.message);
    });
  }
  if (abort.signal.aborted) reporter.check('end of the run', 'It was ended early.');
  reporter.finish();
  // Not by itself: a backend that started next to one that failed would keep this process alive.
  process.exit(reporter.counts.failed === 0 ? 0 : 1);
}

function testFiles(named: readonly string[]): string[] {
  // A name that matches nothing stays, so that it fails.
  const matches = (pattern: string) => (globSync(pattern).length > 0 ? globSync(pattern) : [pattern]);
  if (named.length > 0) return named.flatMap(matches).map((file) => resolve(file));
  const left = [join('test', 'soak'), join('test', 'bench'), join('test', 'faults', 'slow')];
  return globSync('test/**/*.test.ts')
    .filter((file) => !left.some((directory) => file.startsWith(directory)))
    .sort()
    .map((file) => resolve(file));
}

/** Runs a program of `node_modules/.bin`; returns its output if it failed. */
function failureOf(program: string, programArguments: readonly string[]): Promise<string | undefined> {
  return new Promise((done) => {
    const child = spawn(join('node_modules', '.bin', program), programArguments, { stdio: 'pipe' });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => done(error.message));
    child.once('close', (code) => done(code === 0 ? undefined : output));
  });
}

async function runOnBackends(
  files: readonly string[],
  reporter: TestReporter,
  abort: AbortController,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'backoffice-sync-test-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  const [postgres, azurite] = await Promise.all([
    startPostgres({
      directory: join(directory, 'postgres'),
      port: 0,
      // The directory is thrown away: what a killed PostgreSQL had written survives without waiting for a disk.
      settings: { fsync: 'off', full_page_writes: 'off' },
    }),
    startAzurite({ directory: join(directory, 'azurite'), blobPort: 0, queuePort: 0, tablePort: 0 }),
  ]);
  process.env['TEST_POSTGRES_URL'] = postgres.url('postgres');
  process.env['TEST_STORAGE_CONNECTION_STRING'] = azurite.connectionString;
  try {
    await runTests(files, reporter, abort);
  } finally {
    await Promise.all([postgres.stop(), azurite.stop()]);
  }
}

async function runTests(
  files: readonly string[],
  reporter: TestReporter,
  abort: AbortController,
): Promise<void> {
  const silence = setTimeout(() => {
    console.error(`Nothing happened for ${SILENCE_LIMIT_MS / 1000} s.`);
    abort.abort();
  }, SILENCE_LIMIT_MS);
  for await (const event of run({
    files,
    concurrency: 2,
    execArgv: ['--import', new URL('./support/endOfFile.ts', import.meta.url).href],
    timeout: TEST_TIMEOUT_MS,
    signal: abort.signal,
  })) {
    silence.refresh();
    reporter.take(event);
  }
  clearTimeout(silence);
}

await main();
