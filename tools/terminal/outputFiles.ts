import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Complaint } from './exit.ts';
import { shortName } from './userPath.ts';

/**
 * Files that a command writes may be none that it reads, and no two of them the same: writing would destroy what was there.
 *
 * @param inputs by the option that names them; `-` is standard input.
 * @param outputs in the same way; those that were not named are left out.
 * @throws Complaint
 */
export function checkOutputs(
  inputs: Readonly<Record<string, string | undefined>>,
  outputs: Readonly<Record<string, string | undefined>>,
): void {
  const seen = new Map<string, string>();
  const files = (named: typeof inputs) =>
    Object.entries(named).flatMap(([option, path]) =>
      path === undefined || path === '-' ? [] : [{ option, path, file: identityOf(path) }],
    );
  for (const { option, file } of files(inputs)) seen.set(file, option);
  for (const { option, path, file } of files(outputs)) {
    const other = seen.get(file);
    if (other !== undefined) {
      throw new Complaint(
        `${option} would overwrite ${shortName(path)}, which is the file of ${other}. Name another file.`,
      );
    }
    seen.set(file, option);
  }
}

/** The same file under another name, through a link or a relative path, has the same one. */
function identityOf(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch {
    try {
      return join(realpathSync(dirname(whole)), shortName(whole));
    } catch {
      return whole;
    }
  }
}
