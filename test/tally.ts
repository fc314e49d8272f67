import type { TestCase, TestModule, TestSuite } from 'vitest/node';

/**
 * What a run came to. Counts tests, and as failed also what is no test: a file or a set-up with an error, a test that
 * never ended, an error outside of any test. With `skippedFail`, a skipped test counts as failed: on CI every tool
 * that a test needs must be there.
 */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  readonly #skippedFail: boolean;
  readonly #reasons = new Set<string>();

  constructor(skippedFail: boolean) {
    this.#skippedFail = skippedFail;
  }

  /** Takes and prints a check that is not a test of vitest, such as the type check. */
  check(name: string, failure: string | undefined): void {
    if (failure === undefined) this.passed++;
    else this.failed++;
    console.log(failure === undefined ? `✓ ${name}` : `✗ ${name}\n${failure}`);
  }

  /** Takes the results of vitest. Tests that `pattern` (`-t`) left out were not asked for, so they are not skipped. */
  take(modules: readonly TestModule[], errors: readonly unknown[], pattern: RegExp | undefined): void {
    for (const module of modules) {
      this.#takeErrors(module);
      for (const suite of module.children.allSuites()) this.#takeErrors(suite);
      for (const test of module.children.allTests()) this.#takeTest(test, pattern);
      // A file that was cut off before its tests were known.
      if (module.children.size === 0 && module.state() !== 'failed') this.failed++;
    }
    this.failed += errors.length;
    if (modules.length === 0) this.failed++;
  }

  /** Why tests were skipped, and as the last line the counts. */
  print(): void {
    const heading = this.#skippedFail ? 'Skipped, which counts as failed here' : 'Skipped';
    for (const reason of this.#reasons) console.log(`${heading}: ${reason}`);
    console.log(`\n${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
  }

  #takeErrors(group: TestModule | TestSuite): void {
    this.failed += group.errors().length;
  }

  #takeTest(test: TestCase, pattern: RegExp | undefined): void {
    const { state } = test.result();
    const reason = test.meta().skippedBecause;
    if (state === 'skipped' && pattern !== undefined && reason === undefined) return;
    if (state === 'passed') this.passed++;
    else if (state === 'skipped' && !this.#skippedFail) this.skipped++;
    else this.failed++;
    if (state === 'skipped') this.#reasons.add(`${test.fullName}: ${reason ?? 'no reason given'}`);
  }
}
