import type { DoctorText, Part } from '../../texts/doctor/en.ts';
import type { Say } from '../../texts/texts.ts';

/** Says what was found in the language of who asks. */
export type SayFinding = Say<DoctorText>;

/** What is said of one part: `wrong` wants something done, `unknown` could not be looked at and is not wrong by itself. */
export interface Finding {
  readonly part: Part;
  readonly state: 'ok' | 'wrong' | 'unknown';
  /** What was found, in a line. */
  readonly says: string;
  /** What to do, where something is wrong. */
  readonly todo?: string;
}

export const ok = (part: Part, says: string): Finding => ({ part, state: 'ok', says });
export const wrong = (part: Part, says: string, todo: string): Finding => ({
  part,
  state: 'wrong',
  says,
  todo,
});
export const unknown = (part: Part, says: string): Finding => ({ part, state: 'unknown', says });
