import 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test is skipped; `npm test` prints it. */
    skippedBecause?: string;
  }
}

/**
 * Options of a test or suite that needs what is not on every machine: with a reason it is skipped, and the reason is told.
 *
 * @example describe('a frozen process', skipBecause(!HAS_PROC && 'processes are found in /proc'), () => { ... });
 */
export function skipBecause(reason: string | false): { skip: boolean; meta: { skippedBecause?: string } } {
  return reason === false ? { skip: false, meta: {} } : { skip: true, meta: { skippedBecause: reason } };
}
