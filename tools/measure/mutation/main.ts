import { execFile } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startVitest } from 'vitest/node';
import { startPostgres } from '../../local/processes/postgres.ts';
import { withClient } from '../../target/withClient.ts';
import { CONTROL_MUTATIONS } from './controlTotals.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { SETTLEMENT_MUTATIONS } from './settlement.ts';

// `npm run test:mutation [-- WORD]`: breaks a copy of the product in one small way after the other (those whose name
// holds the word), and runs the tests that have to notice. Exit code 1 where a breakage goes unnoticed, where its text
// is no longer found, or where the broken product does not even run, so that nothing was tested.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const COPIED = [
  'shared',
  'functions',
  'tools',
  'infra',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'host.json',
];

type Result = { readonly caughtBy: string } | { readonly problem: string };

/** The product's files, without what is installed or built. */
function copyProduct(directory: string): void {
  for (const name of COPIED) cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
}

/** Changes the copy; returns how to change it back, or nothing where the text is not found. */
function apply(directory: string, { files, find, replace }: Mutation): (() => void) | undefined {
  const changed: [file: string, text: string][] = [];
  for (const name of globSync(files, { cwd: directory })) {
    const file = join(directory, name);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(find)) continue;
    changed.push([file, text]);
    writeFileSync(
      file,
      text.replaceAll(find, () => replace),
    );
  }
  if (changed.length === 0) return undefined;
  return () => {
    for (const [file, text] of changed) writeFileSync(file, text);
  };
}

/** Test files make their databases from this one; made here, with the broken migrations, it shows that they run. */
async function migrateTemplate(directory: string, server: string): Promise<void> {
  const url = new URL(server);
  url.pathname = '/migrated_template';
  await withClient(server, async (client) => {
    await client.query('DROP DATABASE IF EXISTS migrated_template WITH (FORCE)');
    await client.query('CREATE DATABASE migrated_template');
  });
  // A process of its own: this one has loaded what makes the functions before it was broken.
  await promisify(execFile)(process.execPath, [join(directory, 'infra/database/migrateCommand.ts')], {
    cwd: directory,
    env: { ...process.env, DATABASE_URL: url.href },
  });
}

/** The first test that fails. Throws where a file could not be run. */
async function firstFailure(directory: string, tests: readonly string[]): Promise<string | undefined> {
  const vitest = await startVitest('test', [...tests], {
    root: directory,
    config: join(directory, 'vitest.config.ts'),
    // One is enough, and what it says is not read.
    watch: false,
    bail: 1,
    reporters: [{}],
  });
  const modules = vitest.state.getTestModules();
  const [failed] = modules.flatMap((module) => [...module.children.allTests('failed')]);
  if (failed !== undefined) return failed.name;
  const [error] = [...modules.flatMap((module) => module.errors()), ...vitest.state.getUnhandledErrors()];
  if (error !== undefined) throw error;
  return undefined;
}

async function tryOut(directory: string, server: string, mutation: Mutation): Promise<Result> {
  const undo = apply(directory, mutation);
  if (undo === undefined) return { problem: `its text is no longer in ${mutation.files}` };
  try {
    await migrateTemplate(directory, server);
    const caughtBy = await firstFailure(directory, mutation.tests);
    return caughtBy === undefined ? { problem: `${mutation.tests.join(', ')} did not notice` } : { caughtBy };
  } catch (error) {
    return { problem: `the broken product does not run: ${(error as Error).message}` };
  } finally {
    undo();
  }
}

const directory = mkdtempSync(join(tmpdir(), 'mutation-'));
const product = join(directory, 'product');
mkdirSync(product);
copyProduct(product);
const postgres = await startPostgres({
  directory: join(directory, 'postgres'),
  port: 0,
  settings: { fsync: 'off', full_page_writes: 'off' },
});
const end = async () => {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void end().then(() => process.exit(130)));
}
const server = postgres.url('postgres');
process.env['TEST_POSTGRES_URL'] = server;
// That it fails is enough.
process.env['CONVERGENCE_SHRINK'] = 'no';
const chosen = [...MUTATIONS, ...SETTLEMENT_MUTATIONS, ...CONTROL_MUTATIONS].filter(({ name }) =>
  name.includes(process.argv[2] ?? ''),
);
let problems = 0;
console.log('| breakage | in | caught by |\n|---|---|---|');
try {
  for (const mutation of chosen) {
    const result = await tryOut(product, server, mutation);
    if ('problem' in result) problems++;
    const verdict = 'caughtBy' in result ? result.caughtBy : `**NOT CAUGHT**: ${result.problem}`;
    console.log(`| ${mutation.name} | ${mutation.files} | ${verdict} |`);
  }
} finally {
  await end();
}
console.log(`\n${chosen.length - problems} of ${chosen.length} breakages are caught.`);
process.exit(problems === 0 && chosen.length > 0 ? 0 : 1);
