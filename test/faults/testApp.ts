import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A folder with the built app and its own host.json, but for the time after which the partitions of a host that died
 * are given to another: a test would wait half a minute for it.
 *
 * @param main a file that is loaded instead of the built app, and may load it.
 */
export function makeTestApp(folder: string, main?: string): string {
  mkdirSync(folder, { recursive: true });
  const hostJson = JSON.parse(readFileSync(join(ROOT, 'host.json'), 'utf8'));
  Object.assign(hostJson.extensions.eventHubs, {
    loadBalancingUpdateInterval: '00:00:01',
    partitionOwnershipExpirationInterval: '00:00:06',
  });
  writeFileSync(join(folder, 'host.json'), JSON.stringify(hostJson));
  symlinkSync(join(ROOT, 'dist'), join(folder, 'dist'));
  if (main !== undefined) copyFileSync(main, join(folder, 'main.cjs'));
  const entry = main === undefined ? 'dist/*.cjs' : 'main.cjs';
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'test-app', main: entry }));
  return folder;
}
