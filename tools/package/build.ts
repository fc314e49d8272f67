import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { IDENTITY_FILE } from '../../shared/settings/packageIdentity.ts';
import { packageIdentity } from './contents.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

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
  // Paths are in the maps: the same ones where node_modules is a link.
  preserveSymlinks: true,
  external: ['@azure/functions-core', 'pg-native'],
  logLevel: 'warning',
  write: false,
} satisfies BuildOptions;

/**
 * What `applicationinsights` imports at its top and never calls here: Azure Monitor's distro, which collects on its own
 * (HTTP, pg, console, performance counters), and the exporters of OTLP. With them the file is six times as large and takes
 * four times as long to load; without, nothing in it can collect what the Functions host reports (docs/adr/0009).
 */
const LEFT_OUT = /^(@azure\/monitor-opentelemetry|@opentelemetry\/exporter-(logs|metrics|trace)-otlp-http)$/;

const clientOnly: Plugin = {
  name: 'client only',
  setup: ({ onResolve, onLoad, resolve }) => {
    onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: 'left-out' }));
    onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
    // `applicationinsights` requires its libraries: imported as modules, they would be there a second time.
    onResolve({ filter: /^@(azure|opentelemetry)\// }, ({ path, kind, ...from }) =>
      kind === 'import-statement' ? resolve(path, { ...from, kind: 'require-call' }) : undefined,
    );
  },
};

/**
 * What is a file of its own, which only what needs it loads: Entra tokens, the Event Hubs client for the repair of gaps
 * and the metrics, the blobs of checkpoints that have to be moved, and what sends metrics. V8 has to read all of a file, also what never runs, and these were most of it.
 * In folders: the host loads every `dist/*.cjs` at start.
 */
const APART: readonly {
  readonly imported: RegExp;
  readonly entry: string;
  readonly folder: string;
  readonly plugins?: Plugin[];
}[] = [
  { imported: /^@azure\/identity$/, entry: '@azure/identity', folder: 'identity' },
  { imported: /^@azure\/keyvault-secrets$/, entry: '@azure/keyvault-secrets', folder: 'key-vault' },
  { imported: /^@azure\/storage-blob$/, entry: '@azure/storage-blob', folder: 'storage-blob' },
  { imported: /^@azure\/event-hubs$/, entry: '@azure/event-hubs', folder: 'event-hubs' },
  {
    imported: /\/azureMonitor\.ts$/,
    entry: 'shared/metrics/azureMonitor.ts',
    folder: 'telemetry',
    plugins: [clientOnly],
  },
];

const apart: Plugin = {
  name: 'apart',
  setup: ({ onResolve }) => {
    for (const { imported, folder } of APART) {
      onResolve({ filter: imported }, () => ({ path: `./${folder}/index.cjs`, external: true }));
    }
  },
};

/**
 * Bundles the functions into `dist/functions.cjs` and each part of {@link APART} into a folder beside it: cold start
 * is mostly the loading of modules, and one file is several times as fast as a folder of packages. CommonJS, since the
 * library finds its host by `require`.
 */
export async function buildFunctions(): Promise<void> {
  const functions = join('dist', 'functions.cjs');
  const results = await Promise.all([
    ...APART.map(({ entry, folder, plugins = [] }) =>
      build({ ...COMMON, entryPoints: [entry], outfile: join('dist', folder, 'index.cjs'), plugins }),
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
  await writeFile(join(root, IDENTITY_FILE), `${await packageIdentity()}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildFunctions();
}
