// Says whether node_modules holds what package-lock.json names, whoever ran npm. Plain JavaScript, like run.mjs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * npm writes its own record of what it installed at the end of an installation, so one that was cut off has none, or that
 * of the installation before. Packages for other platforms are optional, and absent.
 * @param {string} root the repository's folder
 * @returns {boolean}
 */
export function isInstalled(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || installed === undefined) return false;
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined) {
      if (optional) continue;
      return false;
    }
    if (found.version !== version || found.integrity !== integrity) return false;
  }
  return Object.keys(installed).every((path) => path in wanted);
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
