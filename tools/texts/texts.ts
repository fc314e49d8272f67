import type { Texts } from './catalogue.ts';
import { EN } from './en.ts';
import { KO } from './ko.ts';

/** Languages in which people are answered; code and logs are in English. */
export const LANGUAGES = ['en', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];

export const TEXTS: Readonly<Record<Language, Texts>> = { en: EN, ko: KO };

/** Says a text by its name, with its values put in. */
export type Say<Name extends string> = (
  name: Name,
  values?: Readonly<Record<string, string | number>>,
) => string;

/** Says the texts of one part of the catalogue. */
export function sayer<Name extends string>(texts: Readonly<Record<Name, string>>): Say<Name> {
  return (name, values = {}) =>
    texts[name].replace(/\{(\w+)\}/g, (whole, value: string) => String(values[value] ?? whole));
}

/** The language that an environment asks for, as `LANG=ko_KR.UTF-8` does; English where it asks for none of these. */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const asked = environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '';
  return LANGUAGES.find((language) => asked.startsWith(language)) ?? 'en';
}
