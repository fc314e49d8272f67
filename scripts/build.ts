import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  external: ['@azure/functions-core', 'pg-native'],
  logLevel: 'warning',
  write: false,
} satisfies BuildOptions;

/**
 * The Entra library is a file of its own, which only `DATABASE_AUTH=entra` loads: V8 has to read all of a file, also
 * what never runs, and this was more than half of it. In a folder: the host loads every `dist/*.cjs` at start.
 */
const identityApart: Plugin = {
  name: 'identity-apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^@azure\/identity$/ }, () => ({ path: './identity/index.cjs', external: true })),
};

/**
 * Bundles the functions into `dist/functions.cjs` and `dist/identity/index.cjs`: cold start is mostly the loading of
 * modules, and one file is several times as fast as a folder of packages. CommonJS, since the library finds its host
 * by `require`.
 */
export async function buildFunctions(): Promise<void> {
  const identity = join('dist', 'identity', 'index.cjs');
  const functions = join('dist', 'functions.cjs');
  const results = await Promise.all([
    build({ ...COMMON, entryPoints: ['@azure/identity'], outfile: identity }),
    build({ ...COMMON, entryPoints: ['functions/index.ts'], outfile: functions, plugins: [identityApart] }),
  ]);
  // Each file is replaced whole: a host that another local cloud starts in this moment finds the old or the new.
  for (const { path, contents } of results.flatMap(({ outputFiles }) => outputFiles)) {
    await mkdir(dirname(path), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, contents);
    await rename(unfinished, path);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildFunctions();
}
