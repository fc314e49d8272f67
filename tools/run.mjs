// Runs a TypeScript program of this repository on the pinned Node (the npm package "node"), and sets the
// repository up first where that has not been done. Plain JavaScript for any Node that npm may have been
// started with; `node tools/run.mjs PROGRAM [ARGUMENT ...]`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './installed.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const pinnedNode = join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

if (!existsSync(pinnedNode) || !isInstalled(root)) {
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
}

const [program, ...programArguments] = process.argv.slice(2);
// Every process after the first finds the same sources compiled; those that it starts itself inherit it.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'node');
const child = spawn(pinnedNode, [program, ...programArguments], { stdio: 'inherit', cwd: root });
// A terminal sends Ctrl-C to the whole group, `kill` to one process: either way the program decides when to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else process.exit(code ?? 1);
});
