import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { functionSources } from './functionSources.ts';

/** SHA-256 of the functions of this release, as `sync.function_releases` has it. */
export function functionsFingerprint(): string {
  return createHash('sha256').update(functionSources()).digest('hex');
}

/** The migrations of this release, in order, by the names under which `sync.migrations` has them. */
export function migrationNames(): string[] {
  const files = globSync('*.sql', { cwd: join(import.meta.dirname, 'migrations') });
  return files.map((file) => basename(file, '.sql')).sort();
}
