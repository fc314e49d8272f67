/** What is said of one part: `wrong` wants something done, `unknown` could not be looked at and is not wrong by itself. */
export interface Finding {
  readonly part: string;
  readonly state: 'ok' | 'wrong' | 'unknown';
  /** What was found, in a line. */
  readonly says: string;
  /** What to do, where something is wrong. */
  readonly todo?: string;
}

export const ok = (part: string, says: string): Finding => ({ part, state: 'ok', says });
export const wrong = (part: string, says: string, todo: string): Finding => ({
  part,
  state: 'wrong',
  says,
  todo,
});
export const unknown = (part: string, says: string): Finding => ({ part, state: 'unknown', says });
