import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Bundles the functions into `dist/functions.cjs`: cold start is mostly the loading of modules, and one file is
 * several times as fast as a folder of packages. CommonJS, since the library finds its host by `require`.
 */
export async function buildFunctions(): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['functions/index.ts'],
    outfile: join('dist', 'functions.cjs'),
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
  });
  // Each file is replaced whole: a host that another local cloud starts in this moment finds the old or the new.
  for (const { path, contents } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, contents);
    await rename(unfinished, path);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildFunctions();
}
