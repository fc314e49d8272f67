import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

// Long enough for the slowest recovery that a test waits for; a test that needs more says so itself.
const TIMEOUT_MS = 180_000;

/** The test files of `test/NAME`, and what they share. */
function project(name: string, globalSetup: string[] = []): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup: globalSetup.map((file) => `test/support/globalSetup/${file}.ts`),
      testTimeout: TIMEOUT_MS,
      hookTimeout: TIMEOUT_MS,
      restoreMocks: true,
      exclude: process.env['SLOW_TESTS'] === 'no' ? ['**/*.slow.test.ts'] : [],
    },
  };
}

export default defineConfig({
  test: {
    pool: 'forks',
    // The slow tests start whole clouds: more of them at once would wait for each other's CPU, and time out.
    maxWorkers: process.env['SLOW_TESTS'] === 'no' ? 4 : 3,
    projects: [
      project('unit'),
      project('cli'),
      project('emulator'),
      project('infra'),
      project('clients'),
      project('sql', ['postgres']),
      project('contracts', ['postgres']),
      project('convergence', ['postgres']),
      project('hostile', ['postgres']),
      project('cloud', ['localState', 'azurite']),
      project('faults', ['localState']),
    ],
  },
});
