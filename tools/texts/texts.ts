import type { Texts } from './catalogue.ts';
import { EN } from './en.ts';
import { KO } from './ko.ts';

/** Languages in which people are answered; code and logs are in English. */
export const LANGUAGES = ['en', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];

export const TEXTS: Readonly<Record<Language, Texts>> = { en: EN, ko: KO };

/** The language that an environment asks for, as `LANG=ko_KR.UTF-8` does; English where it asks for none of these. */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const asked = environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '';
  return LANGUAGES.find((language) => asked.startsWith(language)) ?? 'en';
}
