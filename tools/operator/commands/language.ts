import { Option } from 'commander';
import { LANGUAGES, languageOf } from '../../texts/texts.ts';

/** `--lang`; without it as the environment asks. What programs read (`--json`) is in English. */
export function languageOption(meaning: string): Option {
  return new Option('--lang <language>', meaning)
    .choices(LANGUAGES)
    .default(languageOf(process.env), 'as LANG says');
}
