import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCLI, type Reporter, startVitest, type Vitest } from 'vitest/node';
import { Tally } from './tally.ts';

// `npm test`: type check, lint, then every test but the slow ones (`*.slow.test.ts`); with `--all` these as well. With other arguments,
// which are those of vitest (files, -t, --project, --watch): these tests only. The last line is "N passed, N failed,
// N skipped"; exit code 1 where anything failed or nothing ran.

const ROOT = fileURLToPath(new URL('..', import.meta.url));
// Longer than the timeout of a test; a test that blocks its process has none.
const SILENCE_LIMIT_SECONDS = Number(process.env['TEST_SILENCE_SECONDS'] ?? 300);

async function main(words: readonly string[]): Promise<void> {
  process.chdir(ROOT);
  const all = words.includes('--all');
  const { filter, options } = parseCLI(['vitest', ...words.filter((word) => word !== '--all')]);
  const tally = new Tally(process.env['CI'] === 'true');
  if (all || words.length === 0) {
    tally.check('type check (tsc -p .)', await failureOf('tsc', ['-p', '.']));
    tally.check('lint and format (biome ci .)', await failureOf('biome', ['ci', '--colors=off', '.']));
  }
  // Who names files or a project wants all of them.
  if (!all && filter.length === 0 && options.project === undefined) process.env['SLOW_TESTS'] = 'no';
  const vitest = await startVitest('test', filter, {
    watch: false,
    ...options,
    reporters: ['default', ...(options.watch ? [] : [new Ending()])],
  });
  if (options.watch) return;
  tally.take(vitest.state.getTestModules(), vitest.state.getUnhandledErrors(), vitest.config.testNamePattern);
  tally.print();
  // Not by itself: whatever a test left open in this process would keep it.
  process.exit(tally.failed === 0 ? 0 : 1);
}

/** Sees to it that a run ends, in order: when this process is told to, and where a test file does not. */
class Ending implements Reporter {
  #vitest: Vitest | undefined;
  #silence: NodeJS.Timeout | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // Vitest's own listener ends this process before anything is stopped.
      process.removeAllListeners(signal);
      process.on(signal, () => this.#cancel());
    }
  }

  onTestRunStart(): void {
    this.#heard();
  }

  onTestCaseResult(): void {
    this.#heard();
  }

  onUserConsoleLog(): void {
    this.#heard();
  }

  onTestRunEnd(): void {
    clearTimeout(this.#silence);
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      console.error(`Nothing happened for ${SILENCE_LIMIT_SECONDS} s.`);
      this.#cancel();
    }, SILENCE_LIMIT_SECONDS * 1000);
  }

  #cancel(): void {
    void this.#vitest?.cancelCurrentRun('keyboard-input');
    // The second time it does not wait for the tests that run.
    void this.#vitest?.cancelCurrentRun('keyboard-input');
  }
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

await main(process.argv.slice(2));
