import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { unzipSync, type Zippable, zipSync } from 'fflate';
import { buildFunctions } from './build.ts';
import { deployedFiles } from './contents.ts';
import { measureStart } from './measureStart.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEFAULT_FILE = join('build', 'backoffice-sync.zip');

/** The time of every file in the zip. Its fields, not its instant: a zip knows no time zones. */
const MTIME = new Date(2000, 0, 1);
const UNIX = 3;
const READ_ALL = 0o100644;

/**
 * The zip that is deployed: the same bytes from the same commit, wherever and whenever it is made. The gate compares its
 * hash.
 */
export async function makePackage(file: string): Promise<{ sha256: string; bytes: number; files: string[] }> {
  await buildFunctions();
  const files = await deployedFiles();
  const content: Zippable = {};
  for (const name of files) {
    const bytes = await readFile(join(ROOT, name));
    content[name] = [bytes, { mtime: MTIME, level: 9, os: UNIX, attrs: READ_ALL << 16 }];
  }
  const zip = zipSync(content);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, zip);
  return { sha256: createHash('sha256').update(zip).digest('hex'), bytes: zip.length, files };
}

/** Unpacks a zip into a new directory, as a Function App does. */
export async function unpack(file: string): Promise<{ directory: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'backoffice-sync-package-'));
  await unpackInto(file, directory);
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Replaces what the directory holds by the files of a zip. */
async function unpackInto(file: string, directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  for (const [name, bytes] of Object.entries(unzipSync(await readFile(file)))) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: DEFAULT_FILE },
      unpack: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(`npm run package [-- --out FILE] [--unpack DIRECTORY] [--json]

Builds the functions and zips what is deployed (default: ${DEFAULT_FILE}). Prints its SHA-256, its size, and how long the
app takes to load, unpacked, in a plain Node process. With --unpack its files are put into that directory too, which is emptied.`);
    return;
  }
  const from = process.env['INIT_CWD'] ?? process.cwd();
  const file = join(from, values.out);
  const { sha256, bytes, files } = await makePackage(file);
  if (values.unpack !== undefined) await unpackInto(file, join(from, values.unpack));
  const { directory, remove } = await unpack(file);
  try {
    const { emptyNodeMs, loadMs } = await measureStart(join(directory, 'dist', 'functions.cjs'), 9);
    const result = {
      file: values.out,
      sha256,
      bytes,
      files: files.length,
      node: process.version,
      start_ms: Math.round(loadMs - emptyNodeMs),
      empty_node_ms: Math.round(emptyNodeMs),
    };
    if (values.json) console.log(JSON.stringify(result));
    else {
      for (const name of files) console.log(`  ${name}`);
      console.log(`${values.out}: ${(bytes / 1024).toFixed(0)} kB, ${files.length} files`);
      console.log(`sha256 ${sha256}`);
      console.log(`loads in ${result.start_ms} ms on top of an empty Node (${result.empty_node_ms} ms)`);
    }
  } finally {
    await remove();
  }
}

if (import.meta.main) await main();
