// Runs a TypeScript program of this repository on the pinned Node (the npm package "node"), and sets the
// repository up first where that has not been done. Plain JavaScript for any Node that npm may have been
// started with; `node tools/run.mjs PROGRAM [ARGUMENT ...]`.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const pinnedNode = join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);
const marker = join(root, 'node_modules', '.installed-from-lockfile');

// npm's own record has no content hash, and a time stamp lies after a checkout: compare the lockfile itself.
const lockfile = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
if (!existsSync(pinnedNode) || !existsSync(marker) || readFileSync(marker, 'utf8') !== lockfile) {
  console.error('Installing the dependencies that package-lock.json names (npm ci) ...');
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (install.status !== 0) {
    console.error('The installation failed; its messages are above. Nothing was started.');
    process.exit(install.status ?? 1);
  }
  writeFileSync(marker, lockfile);
}

const [program, ...programArguments] = process.argv.slice(2);
const child = spawn(pinnedNode, [program, ...programArguments], { stdio: 'inherit', cwd: root });
// A terminal sends Ctrl-C to the whole group, `kill` to one process: either way the program decides when to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else process.exit(code ?? 1);
});
