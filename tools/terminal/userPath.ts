import { basename, isAbsolute, join } from 'node:path';

/** npm runs programs in the folder of the package, and says in which one the user is. */
export function userPath(path: string): string {
  return path === '-' || isAbsolute(path) ? path : join(process.env['INIT_CWD'] ?? process.cwd(), path);
}

export function shortName(path: string): string {
  return path === '-' ? 'standard input' : basename(path);
}
