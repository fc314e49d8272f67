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
 * Libraries that are files of their own, which only what needs them loads: Entra tokens and, for the repair of gaps, the
 * Event Hubs client. V8 has to read all of a file, also what never runs, and these were most of it. In folders: the host
 * loads every `dist/*.cjs` at start.
 */
const APART: Readonly<Record<string, string>> = {
  '@azure/identity': 'identity',
  '@azure/event-hubs': 'event-hubs',
};

const apart: Plugin = {
  name: 'apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^@azure\/(identity|event-hubs)$/ }, ({ path }) => ({
      path: `./${APART[path]}/index.cjs`,
      external: true,
    })),
};

/**
 * Bundles the functions into `dist/functions.cjs` and each library of {@link APART} into a folder beside it: cold start
 * is mostly the loading of modules, and one file is several times as fast as a folder of packages. CommonJS, since the
 * library finds its host by `require`.
 */
export async function buildFunctions(): Promise<void> {
  const functions = join('dist', 'functions.cjs');
  const results = await Promise.all([
    ...Object.entries(APART).map(([library, folder]) =>
      build({ ...COMMON, entryPoints: [library], outfile: join('dist', folder, 'index.cjs') }),
    ),
    build({ ...COMMON, entryPoints: ['functions/index.ts'], outfile: functions, plugins: [apart] }),
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
