import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What to start, how to know that it is ready and how to end it. */
export interface ChildOptions {
  /** The name that messages use. */
  name: string;
  /** Program and arguments. */
  command: readonly string[];
  /** Receives stdout and stderr; written anew at each start. */
  logFile: string;
  environment?: NodeJS.ProcessEnv;
  /** Asked every 50 ms with the output so far, until it says yes. */
  isReady: (output: () => string, pid: number) => boolean | Promise<boolean>;
  readyWithinMs: number;
  /**
   * How the child is asked to end: a signal, or the closing of its IPC channel. The channel also closes when
   * this process dies in whatever way, so a child that listens to it can't be left behind.
   */
  stopBy: 'disconnect' | NodeJS.Signals;
  stopWithinMs: number;
}

/** A child process that is ready. */
export interface RunningChild {
  readonly pid: number;
  /** Resolves when the process has ended, with a text such as "ended with code 1". */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Asks the child to end, waits, and kills it when it takes too long. Does nothing for a child that ended. */
  stop(): Promise<void>;
}

/** A child process that can be started again as it was; `pid` and `ended` are then the new one's. */
export interface RestartableChild extends RunningChild {
  /** Stops it if it still runs, and starts it again. */
  restart(): Promise<void>;
}

const children = new Set<{ child: ChildProcess; options: ChildOptions }>();
let watchesExit = false;

/**
 * Starts a child process and waits until it is ready. Throws, quoting the child's last lines, when it ends
 * before that or takes longer than `readyWithinMs` (it is then killed).
 */
export async function startChild(options: ChildOptions): Promise<RunningChild> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  endChildrenOnExit();
  const log = openSync(options.logFile, 'w');
  const [program = '', ...programArguments] = options.command;
  const child = spawn(program, programArguments, {
    env: options.environment ?? process.env,
    stdio: options.stopBy === 'disconnect' ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
    // Ctrl-C in a terminal goes to the whole group: a group of its own lets this process choose the order.
    detached: true,
  });
  closeSync(log);
  const entry = { child, options };
  children.add(entry);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`ended ${signal ? `by ${signal}` : `with code ${code}`}`));
  }).finally(() => children.delete(entry));

  await waitUntilReady(child, ended, options);
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    stop: () => stopChild(child, ended, options),
  };
}

/** Starts a child process in a way that can be repeated. */
export async function startRestartable(launch: () => Promise<RunningChild>): Promise<RestartableChild> {
  let child = await launch();
  return {
    get pid() {
      return child.pid;
    },
    get ended() {
      return child.ended;
    },
    kill: (signal) => child.kill(signal),
    stop: () => child.stop(),
    async restart() {
      await child.stop();
      child = await launch();
    },
  };
}

async function waitUntilReady(
  child: ChildProcess,
  ended: Promise<string>,
  options: ChildOptions,
): Promise<void> {
  const { name, logFile, readyWithinMs } = options;
  let end: string | undefined;
  void ended.then((how) => {
    end = how;
  });
  const output = () => readFileSync(logFile, 'utf8');
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    await delay(50);
    if (end !== undefined) throw new Error(`${name} ${end} before it was ready.\n${lastLines(output())}`);
    if (await options.isReady(output, child.pid ?? 0)) return;
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      await ended;
      throw new Error(`${name} was not ready after ${readyWithinMs / 1000} s.\n${lastLines(output())}`);
    }
  }
}

async function stopChild(child: ChildProcess, ended: Promise<string>, options: ChildOptions): Promise<void> {
  askToEnd(child, options);
  const killer = setTimeout(() => child.kill('SIGKILL'), options.stopWithinMs);
  await ended;
  clearTimeout(killer);
}

function askToEnd(child: ChildProcess, { stopBy }: ChildOptions): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (stopBy !== 'disconnect') child.kill(stopBy);
  else if (child.connected) child.disconnect();
}

/** The end of an output, as a quotation for an error message. */
export function lastLines(output: string, count = 15): string {
  const lines = output.trimEnd().split('\n').slice(-count);
  return lines.map((line) => `  | ${line}`).join('\n');
}

/**
 * No child may outlive this process: children are asked to end when it exits. A program with its own signal
 * handlers stops its children in its own order; without one, a signal ends the program here.
 */
function endChildrenOnExit(): void {
  if (watchesExit) return;
  watchesExit = true;
  process.on('exit', () => {
    for (const { child, options } of children) askToEnd(child, options);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}
