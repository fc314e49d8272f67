import { read } from './api.js';

/** Language and time zone of the page: chosen in its head, kept by the browser. */

export const LANGUAGES = { en: 'English', ko: '한국어' };
/** Neither of them changes its clocks, so an offset is all that a filter needs. */
export const ZONES = {
  UTC: { name: 'UTC', offset: 'Z' },
  'Asia/Seoul': { name: 'KST', offset: '+09:00' },
};

const texts = await read('texts');
const changed = new Set();

const chosen = {
  language: kept('language', LANGUAGES) ?? document.documentElement.lang,
  zone: kept('zone', ZONES) ?? 'UTC',
};

function kept(name, among) {
  const value = localStorage.getItem(name);
  return value !== null && Object.hasOwn(among, value) ? value : undefined;
}

export const language = () => chosen.language;
export const zone = () => chosen.zone;

/** Runs it now, and again after each change of language or zone. */
export function whenChosen(show) {
  changed.add(show);
  show();
}

export function choose(name, value) {
  chosen[name] = value;
  localStorage.setItem(name, value);
  for (const show of changed) show();
}

/** A text of the view, with its values. */
export function say(name, values = {}) {
  return filled(texts[chosen.language].view[name], values);
}

/** A text of another part: what a reason or an alert means, what to do. */
export function textOf(part, name) {
  return texts[chosen.language][part][name] ?? '';
}

/** In the order in which the rules are checked (SPEC 2.3). */
export const reasons = () => Object.keys(texts.en.reason);

function filled(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (_whole, name) => values[name]);
}

export function number(value, digits = 1) {
  const locale = chosen.language === 'ko' ? 'ko-KR' : 'en-US';
  return value.toLocaleString(locale, { maximumFractionDigits: digits });
}

/** A time with its zone, to the second: `2026-11-28 12:00:05 KST`. */
export function time(value) {
  return `${formatted(value, { dateStyle: 'short', timeStyle: 'medium' })} ${ZONES[chosen.zone].name}`;
}

/** A time of today, for an axis. */
export function clock(value) {
  return formatted(value, { timeStyle: 'medium' });
}

function formatted(value, style) {
  // Sweden writes as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { ...style, timeZone: chosen.zone }).format(new Date(value));
}

/** What somebody wrote into a field for a time, in the zone of the page; null where it is empty. */
export function timeFrom(local) {
  return local === '' ? null : new Date(`${local}${ZONES[chosen.zone].offset}`).toISOString();
}
