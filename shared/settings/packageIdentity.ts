import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Where a package says which one it is: the app reads it when it starts, the gate in the zip. */
export const IDENTITY_FILE = 'dist/package.sha256';

/**
 * Which package of the app this is: what `npm run package` has written beside the bundle, a SHA-256 of all that is deployed.
 *
 * @param directory of the bundle.
 * @returns `undefined` where the app was not built by this repository's commands.
 */
export function readPackageIdentity(directory: string): string | undefined {
  try {
    const text = readFileSync(join(directory, basename(IDENTITY_FILE)), 'utf8').trim();
    return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
