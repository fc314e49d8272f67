import { Temporal } from 'temporal-polyfill';
import { integerText } from './values.ts';

/** A point in time in microseconds since 1970-01-01 UTC: a safe integer until the year 2255. */
export type Microseconds = number;

/** Turns a local date and time (as microseconds, read as if it were UTC) into a point in time. */
export type LocalTimeZone = (local: Microseconds) => Microseconds;

const EARLIEST = Date.UTC(2000, 0, 1) * 1000;
const LATEST = Date.UTC(2101, 0, 1) * 1000 - 1;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The zone that a profile names for times without an offset; `undefined` where there is no such zone. */
export function localTimeZone(name: string): LocalTimeZone | undefined {
  if (name === 'UTC') return (local) => local;
  try {
    Temporal.Now.instant().toZonedDateTimeISO(name);
  } catch {
    return undefined;
  }
  return (local) => {
    // 'compatible': a time that a clock change skips moves forward, one that it repeats is the first of the two.
    const wallTime = Temporal.Instant.fromEpochNanoseconds(BigInt(local) * 1000n)
      .toZonedDateTimeISO('UTC')
      .toPlainDateTime();
    return Number(wallTime.toZonedDateTime(name, { disambiguation: 'compatible' }).epochNanoseconds / 1000n);
  };
}

/**
 * A timestamp (SPEC 2.2): RFC 3339, also with a space or in lower case, offsets `+0900` or `+09`, or none (then
 * the profile's zone); a JSON integer is epoch milliseconds. Fractions are cut to microseconds. Years 2000 to
 * 2100 in UTC; anything else is `undefined`.
 */
export function readTimestamp(value: unknown, zone: LocalTimeZone): Microseconds | undefined {
  return inRange(
    typeof value === 'string' ? fromText(value, zone) : fromEpochMilliseconds(integerText(value)),
  );
}

/** RFC 3339 in UTC, with six digits after the point. */
export function timestampText(time: Microseconds): string {
  const milliseconds = new Date(Math.floor(time / 1000)).toISOString().slice(0, -1);
  return `${milliseconds}${String(time % 1000).padStart(3, '0')}Z`;
}

/** The time, where it is one of the years 2000 to 2100 in UTC. */
export function inRange(time: Microseconds | undefined): Microseconds | undefined {
  return time !== undefined && time >= EARLIEST && time <= LATEST ? time : undefined;
}

function fromEpochMilliseconds(digits: string | undefined): Microseconds | undefined {
  return digits === undefined || digits.length > 15 ? undefined : Number(digits) * 1000;
}

/**
 * `YYYY-MM-DDTHH:MM:SS`, a fraction, an offset. By hand: there are four of them in an event, and a regular expression
 * costs twice as much.
 */
function fromText(text: string, zone: LocalTimeZone): Microseconds | undefined {
  const separator = text.charCodeAt(10);
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return undefined;
  if ((separator | 0x20) !== LOWER_T && separator !== SPACE) return undefined;
  const day = startOfDay(text);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  // Written so that NaN, which stands for anything but digits, fails as well.
  if (day === undefined || !(hour <= 23 && minute <= 59 && second <= 59)) return undefined;

  let end = 19;
  let fraction = 0;
  if (text.charCodeAt(end) === POINT) {
    const start = ++end;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end === start) return undefined;
    const kept = Math.min(end - start, 6);
    fraction = digits(text, start, kept) * MICROSECONDS[kept]!;
  }
  const local = day + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
  if (end === text.length) return zone(local);
  const offset = offsetAt(text, end);
  return offset === undefined ? undefined : local - offset;
}

/** What a fraction of that many digits is a multiple of. */
const MICROSECONDS = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1];
const SPACE = 0x20;
const DASH = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const LOWER_T = 0x74;
const LOWER_Z = 0x7a;

/** `Z`, `+09:00`, `+0900` or `+09` up to the end of the text, in microseconds. */
function offsetAt(text: string, start: number): Microseconds | undefined {
  if (start === text.length - 1) return (text.charCodeAt(start) | 0x20) === LOWER_Z ? 0 : undefined;
  const sign = text[start] === '+' ? 1 : text[start] === '-' ? -1 : 0;
  const hours = digits(text, start + 1, 2);
  const length = text.length - start;
  const colon = text[start + 3] === ':';
  const minutes = length === 3 ? 0 : digits(text, start + (colon ? 4 : 3), 2);
  const fits = length === 3 || length === (colon ? 6 : 5);
  if (sign === 0 || !fits || !(hours <= 23 && minutes <= 59)) return undefined;
  return sign * (hours * 60 + minutes) * 60_000_000;
}

let lastDate = '';
let lastDay: Microseconds | undefined;

/** Midnight of the date at the start of the text. The last one is kept: most events are of today. */
function startOfDay(text: string): Microseconds | undefined {
  if (lastDate !== '' && text.startsWith(lastDate)) return lastDay;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  // Also keeps `Date.UTC` from reading years 0 to 99 as 1900 to 1999.
  const valid = year >= 1999 && year <= 2101 && month >= 1 && month <= 12;
  if (!valid || !(day >= 1 && day <= daysInMonth(year, month))) return undefined;
  lastDate = text.slice(0, 10);
  lastDay = Date.UTC(year, month - 1, day) * 1000;
  return lastDay;
}

/** A number of that many digits; NaN where one of them is none. */
function digits(text: string, start: number, count: number): number {
  let value = 0;
  for (let index = start; index < start + count; index++) {
    const code = text.charCodeAt(index);
    if (!isDigit(code)) return Number.NaN;
    value = value * 10 + code - 0x30;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function daysInMonth(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && leap ? 29 : DAYS_IN_MONTH[month - 1]!;
}
