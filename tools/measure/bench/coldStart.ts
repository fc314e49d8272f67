import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildFunctions } from '../../package/build.ts';
import { measureStart } from '../../package/measureStart.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Milliseconds of an empty Node, of one that loads the deployed bundle, and of one that loads the same app with its
 * packages left in node_modules.
 */
export async function measureColdStart({
  rounds = 15,
}: {
  rounds?: number;
} = {}): Promise<{ emptyNodeMs: number; bundledMs: number; unbundledMs: number }> {
  await buildFunctions();
  const directory = await mkdtemp(join(tmpdir(), 'bench-cold-start-'));
  try {
    const bundled = await measureStart(join(ROOT, 'dist', 'functions.cjs'), rounds);
    const unbundled = await measureStart(await buildUnbundled(directory), rounds);
    return { emptyNodeMs: bundled.emptyNodeMs, bundledMs: bundled.loadMs, unbundledMs: unbundled.loadMs };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The app's own sources in one file, its packages as npm installed them. */
async function buildUnbundled(directory: string): Promise<string> {
  const outfile = join(directory, 'functions.cjs');
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['functions/index.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    logLevel: 'warning',
  });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return outfile;
}
