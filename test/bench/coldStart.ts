import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { buildFunctions } from '../../scripts/build.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOADER = fileURLToPath(new URL('./loadPackage.cjs', import.meta.url));

/** Nothing is connected to while the app is loaded: these only have to be well-formed. */
const SETTINGS = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  EventHubs: 'Endpoint=sb://127.0.0.1;SharedAccessKeyName=none;SharedAccessKey=none',
  EVENT_HUBS_CONSUMER_GROUP: 'bench',
  DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/nowhere',
};

/**
 * Median wall times of whole processes, in milliseconds, measured in turn: Node with nothing to do, Node that loads
 * the deployed bundle until its functions are registered, and Node that loads the same app with its packages left
 * in node_modules. The files are in the page cache; in Azure they are not, and the difference is larger.
 */
export async function measureColdStart({
  rounds = 15,
}: {
  rounds?: number;
} = {}): Promise<{ emptyNodeMs: number; bundledMs: number; unbundledMs: number }> {
  await buildFunctions();
  const directory = await mkdtemp(join(tmpdir(), 'bench-cold-start-'));
  try {
    const unbundled = await buildUnbundled(directory);
    const starts = [[], [join(ROOT, 'dist', 'functions.cjs')], [unbundled]].map((files) => ({
      files,
      times: [] as number[],
    }));
    for (const { files } of starts) await timeOf(files);
    for (let round = 0; round < rounds; round++) {
      for (const { files, times } of starts) times.push(await timeOf(files));
    }
    const [emptyNodeMs, bundledMs, unbundledMs] = starts.map(({ times }) => median(times));
    return { emptyNodeMs: emptyNodeMs!, bundledMs: bundledMs!, unbundledMs: unbundledMs! };
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

async function timeOf(files: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  // Without this process's own environment: options for Node or a compile cache in it would change what is measured.
  await promisify(execFile)(process.execPath, [LOADER, ...files], { env: SETTINGS });
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('Nothing was measured.');
  return middle;
}
