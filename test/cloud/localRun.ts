import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lastLines } from '../../tools/local/processes/childProcess.ts';
import { freeLocalPorts, type PortSetting } from '../../tools/local/processes/freePorts.ts';
import { portAnswers } from '../../tools/local/processes/ports.ts';
import { HAS_PROC } from '../../tools/local/processes/processTree.ts';
import type { Report } from '../../tools/local/report.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The end of a `LocalRun`. */
export interface RunEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A state directory and ports for local clouds that run one after the other, and the runs on them. */
export class LocalState {
  readonly directory = mkdtempSync(join(tmpdir(), 'e2e-'));
  readonly ports: Readonly<Record<PortSetting, number>>;
  readonly #runs: LocalRun[] = [];

  private constructor(ports: Record<PortSetting, number>) {
    this.ports = ports;
  }

  /** The state of a local cloud that has started once: a first start takes longer. */
  static async create(): Promise<LocalState> {
    const template = process.env['TEST_LOCAL_STATE'];
    if (!template) throw new Error('This project has no state of a local cloud: see vitest.config.ts.');
    const state = await LocalState.empty();
    cpSync(template, state.directory, { recursive: true });
    // Of a copied directory nobody keeps the mode, and PostgreSQL insists on it.
    chmodSync(join(state.directory, 'postgres', 'data'), 0o700);
    return state;
  }

  /** What a person has who starts it for the first time. */
  static async empty(): Promise<LocalState> {
    return new LocalState(await freeLocalPorts());
  }

  get environment(): Record<string, string> {
    const ports = Object.entries(this.ports).map(([setting, port]) => [setting, String(port)]);
    return { LOCAL_STATE_DIRECTORY: this.directory, ...Object.fromEntries(ports) };
  }

  /** Starts `npm start -- ...`, without npm. */
  start(programArguments: readonly string[], settings: Readonly<Record<string, string>> = {}): LocalRun {
    const run = new LocalRun(programArguments, { ...process.env, ...this.environment, ...settings });
    this.#runs.push(run);
    return run;
  }

  report(): Report {
    return JSON.parse(readFileSync(join(this.directory, 'report.json'), 'utf8')) as Report;
  }

  async openPorts(): Promise<number[]> {
    const ports = Object.values(this.ports);
    const open = await Promise.all(ports.map(portAnswers));
    return ports.filter((_, index) => open[index]);
  }

  /**
   * Processes that name the state directory, in their command line or in the environment that they were started with.
   * Read from /proc: none are found on other systems than Linux, where the open ports have to do.
   */
  processes(): string[] {
    if (!HAS_PROC) return [];
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids
      .filter((pid) => ['cmdline', 'environ'].some((file) => textOf(pid, file).includes(this.directory)))
      .map((pid) => `${pid} ${textOf(pid, 'cmdline').replaceAll('\0', ' ')}`);
  }

  /** Ends what still runs, and removes the state. */
  async remove(): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.end()));
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A file of a process; empty when the process is gone or somebody else's. */
function textOf(pid: string, file: string): string {
  try {
    return readFileSync(join('/proc', pid, file), 'utf8');
  } catch {
    return '';
  }
}

/** A run of tools/local/start.ts as a child process. */
export class LocalRun {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(programArguments: readonly string[], environment: NodeJS.ProcessEnv) {
    const program = join('tools', 'local', 'start.ts');
    this.#child = spawn(process.execPath, [program, ...programArguments], {
      cwd: ROOT,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.#closed = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', resolve);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for its end; a run that takes longer fails the test. */
  async ended(withinMs: number): Promise<RunEnd> {
    const late = new AbortController();
    const tooLate = delay(withinMs, undefined, { signal: late.signal }).then(() => {
      throw new Error(`The run had not ended after ${withinMs / 1000} s.\n${this.lastLines()}`);
    });
    const code = await Promise.race([this.#closed, tooLate]);
    late.abort();
    await tooLate.catch(() => {});
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Waits until the run has printed this. */
  async printed(text: string): Promise<void> {
    await until(`"${text}" in the output`, 120_000, () => {
      if (!this.runs) throw new Error(`The run ended before it printed "${text}".\n${this.lastLines()}`);
      return this.stdout.includes(text);
    });
  }

  lastLines(): string {
    return lastLines(`${this.stdout}\n${this.stderr}`, 30);
  }

  /** Ends it in whatever way; it takes its own children with it. */
  async end(): Promise<void> {
    if (!this.runs) return;
    this.signal('SIGINT');
    await this.ended(30_000).catch(async () => {
      this.signal('SIGKILL');
      await this.#closed;
    });
  }
}
