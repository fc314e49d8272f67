import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { App } from './coreApi.ts';

interface PackageJson {
  main?: string;
  type?: string;
}

/**
 * Loads the files that `main` of the app's package.json names (a glob), in order, as the real worker does: with the
 * app folder as working directory. What a file throws comes out as it is.
 */
export async function loadApp(directory: string, app: App): Promise<void> {
  const folder = resolve(directory);
  const packageFile = join(folder, 'package.json');
  const { main, type } = JSON.parse(readFileSync(packageFile, 'utf8')) as PackageJson;
  if (!main) throw new Error(`${packageFile} has no "main", the glob of the files to load.`);
  const files = globSync(main, { cwd: folder }).sort();
  if (files.length === 0) {
    throw new Error(`"main" of ${packageFile}, ${main}, matches no file. Has the app been built?`);
  }
  process.env['FUNCTIONS_APPLICATION_DIRECTORY'] = folder;
  process.env['FUNCTIONS_WORKER_DIRECTORY'] = import.meta.dirname;
  process.chdir(folder);
  const require = createRequire(packageFile);
  for (const file of files) {
    const path = join(folder, file);
    const isModule = file.endsWith('.mjs') || (type === 'module' && !file.endsWith('.cjs'));
    if (isModule) await import(pathToFileURL(path).href);
    else require(path);
  }
  // Also ends the time in which app.setup may be called.
  await app.model?.getCapabilities({});
  app.loaded = true;
}
