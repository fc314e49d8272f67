import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** What a run came to. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

type EndEvent = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>;

/** A failed or skipped test with the names of the suites around it. */
interface Notice {
  title: string;
  detail: string;
}

/**
 * Turns the events of `node:test` into a tree that grows while the tests run, and counts tests (not suites).
 * With `skippedFail`, a skipped test counts as failed: on CI every tool that a test needs must be there.
 */
export class TestReporter {
  readonly counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  readonly #write: (text: string) => void;
  readonly #skippedFail: boolean;
  readonly #failures: Notice[] = [];
  readonly #skips: Notice[] = [];
  readonly #begun = new Set<string>();
  readonly #ended = new Set<string>();
  #file = '';
  // Names of the suites and tests that have started and not ended, outermost first, and how many are printed.
  #open: string[] = [];
  #printed = 0;

  constructor(write: (text: string) => void, skippedFail: boolean) {
    this.#write = write;
    this.#skippedFail = skippedFail;
  }

  /** Takes the next event of a run. */
  take(event: TestEvent): void {
    if (event.type === 'test:start') this.#start(event.data.name, event.data.nesting);
    else if (event.type === 'test:pass' || event.type === 'test:fail') this.#end(event);
    else if (event.type === 'test:stdout' || event.type === 'test:stderr') this.#write(event.data.message);
    // Its last event; one without a file is the total of the run.
    else if (event.type === 'test:summary' && event.data.file) this.#ended.add(event.data.file);
    // Those without a file are totals; the others tell, for one, of errors after a test or a file had ended.
    else if (event.type === 'test:diagnostic' && event.data.file) this.#write(`${event.data.message}\n`);
  }

  /** Counts and prints a check that is not a test of `node:test`, such as the type check. */
  check(name: string, failure: string | undefined): void {
    this.#count(failure === undefined ? 'passed' : 'failed');
    this.#write(`${failure === undefined ? '✔' : '✖'} ${name}\n`);
    if (failure !== undefined) this.#failures.push({ title: name, detail: failure });
  }

  /** Prints failures with their messages, and as the last line the counts. */
  finish(): void {
    for (const file of this.#begun) {
      if (this.#ended.has(file)) continue;
      this.#count('failed');
      this.#failures.push({ title: shortPath(file), detail: 'Its results are not complete.' });
    }
    if (this.#skips.length > 0) {
      this.#write(`\n${this.#skippedFail ? 'Skipped, which counts as failed here' : 'Skipped'}:\n`);
      for (const { title, detail } of this.#skips) this.#write(`- ${title}: ${detail}\n`);
    }
    if (this.#failures.length > 0) this.#write('\nFailed:\n');
    for (const { title, detail } of this.#failures) this.#write(`\n✖ ${title}\n${indent(detail, 1)}\n`);
    const { passed, failed, skipped } = this.counts;
    this.#write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }

  #start(name: string, nesting: number): void {
    this.#open.length = nesting;
    this.#open.push(name);
    this.#printed = Math.min(this.#printed, nesting);
  }

  #end(event: EndEvent): void {
    const { name, nesting, file, details } = event.data;
    // Where its tests are defined elsewhere, the file that was run; the types do not know it.
    const { entryFile = file } = event.data as { entryFile?: string };
    if (entryFile !== undefined) this.#begun.add(entryFile);
    // A file that is told of as a whole has no more to say.
    if (name === file) this.#ended.add(name);
    const verdict = verdictOn(event);
    const path = [...this.#open.slice(0, nesting), name].filter((part) => part !== file);
    const title = [shortPath(file ?? ''), ...path].join(' > ');
    if (verdict.outcome === 'skipped') this.#skips.push({ title, detail: verdict.detail });
    if (verdict.outcome === 'failed') this.#failures.push({ title, detail: verdict.detail });
    if (verdict.outcome === 'skipped') this.#count(this.#skippedFail ? 'failed' : 'skipped');
    else if (verdict.outcome !== 'group') this.#count(verdict.outcome);
    this.#print(`${MARKS[verdict.outcome]} ${shortPath(name)}`, nesting, details.duration_ms, file ?? '');
  }

  #print(text: string, nesting: number, durationMs: number, file: string): void {
    if (file !== this.#file) this.#write(`\n${shortPath(file)}\n`);
    this.#file = file;
    // The first test inside a suite to end has printed the suite's name already.
    const hasBeenPrinted = this.#printed > nesting;
    for (let depth = this.#printed; depth < nesting; depth++) {
      this.#write(`${indent(this.#open[depth] ?? '', depth + 1)}\n`);
    }
    this.#printed = nesting;
    if (hasBeenPrinted) return;
    const time = durationMs >= 100 ? ` (${(durationMs / 1000).toFixed(1)} s)` : '';
    this.#write(`${indent(text + time, nesting + 1)}\n`);
  }

  #count(outcome: keyof TestCounts): void {
    this.counts[outcome] += 1;
  }
}

const MARKS = { passed: '✔', failed: '✖', skipped: '-', group: ' ' } as const;

/** What the end of a test means for the counts: `group` is a suite, which is not counted itself. */
function verdictOn({ type, data }: EndEvent): { outcome: keyof typeof MARKS; detail: string } {
  const isFile = data.nesting === 0 && data.name === data.file;
  const note = data.skip ?? data.todo;
  if (note !== undefined) {
    return { outcome: 'skipped', detail: typeof note === 'string' ? note : 'no reason given' };
  }
  if (type === 'test:pass') {
    if (isFile) return { outcome: 'failed', detail: 'The file holds no test.' };
    return { outcome: data.details.type === 'suite' ? 'group' : 'passed', detail: '' };
  }
  const error: Error & { failureType?: string } = data.details.error;
  if (isFile)
    return { outcome: 'failed', detail: 'The file ended with an error outside its tests; see above.' };
  // A suite whose own hook failed may have no failed test in it.
  const onlyTests = data.details.type === 'suite' && error.failureType === 'subtestsFailed';
  return { outcome: onlyTests ? 'group' : 'failed', detail: describe(error) };
}

/** The error that the test threw, with message, difference and stack, without the frames of Node itself. */
function describe(error: Error): string {
  const cause = error.cause ?? error;
  const text =
    cause instanceof Error
      ? (cause.stack ?? cause.message)
      : typeof cause === 'string'
        ? cause
        : inspect(cause);
  return text
    .split('\n')
    .filter((line) => !/^\s+at .*\(?node:(internal|async_hooks)/.test(line))
    .join('\n');
}

function shortPath(name: string): string {
  return name.startsWith('/') ? relative(process.cwd(), name) : name;
}

function indent(text: string, depth: number): string {
  return text.replace(/^(?=.)/gm, '  '.repeat(depth));
}
