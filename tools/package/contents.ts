import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IDENTITY_FILE } from '../../shared/settings/packageIdentity.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The files that `.funcignore` lets through, which is what Core Tools uploads from the repository. */
export async function deployedFiles(): Promise<string[]> {
  const rules = await readFile(join(ROOT, '.funcignore'), 'utf8');
  const found = new Set<string>();
  // As gitignore has it, the last line that fits a file decides; a name without a star has to be there.
  for (const [, included, pattern = ''] of rules.matchAll(/^(!?)([\w.-]+\/.*[^/\n]|[\w.-]+)$/gm)) {
    const files = pattern.includes('*') ? globSync(pattern, { cwd: ROOT }) : [pattern];
    for (const file of files) {
      if (included) found.add(file);
      else found.delete(file);
    }
  }
  return [...found].sort();
}

/** A SHA-256 of all that is deployed, but for the file that holds it. */
export async function packageIdentity(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await deployedFiles()) {
    if (name === IDENTITY_FILE) continue;
    const bytes = await readFile(join(ROOT, name));
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}
