import type { ReportText } from '../../texts/report/en.ts';
import { type Language, type Say as SayOf, sayer, TEXTS } from '../../texts/texts.ts';

export type Say = SayOf<ReportText>;

export function sayerOf(language: Language): Say {
  return sayer(TEXTS[language].report);
}

/** A row, its members named as people read them; for programs they keep their own names. */
export function withNames(row: object, say: Say): object {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [say(name as ReportText), value]));
}
