/** The exit codes that `--help` documents. */
export const EXIT = { done: 0, left: 1, usage: 2, service: 3, unknown: 4, stopped: 130 } as const;

/** What the operator has to change: shown as it is, without a stack. */
export class Complaint extends Error {
  override readonly name = 'Complaint';
}
