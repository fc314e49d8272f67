import { Temporal } from 'temporal-polyfill';
import { integerText } from './values.ts';

/** A point in time in microseconds since 1970-01-01 UTC: a safe integer until the year 2255. */
export type Microseconds = number;

/** Turns a local date and time (as microseconds, read as if it were UTC) into a point in time. */
export type LocalTimeZone = (local: Microseconds) => Microseconds;

const EARLIEST = Date.UTC(2000, 0, 1) * 1000;
const LATEST = Date.UTC(2101, 0, 1) * 1000 - 1;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const FORM =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?$/;

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
  const time = typeof value === 'string' ? fromText(value, zone) : fromEpochMilliseconds(integerText(value));
  return time !== undefined && time >= EARLIEST && time <= LATEST ? time : undefined;
}

function fromEpochMilliseconds(digits: string | undefined): Microseconds | undefined {
  return digits === undefined || digits.length > 15 ? undefined : Number(digits) * 1000;
}

function fromText(text: string, zone: LocalTimeZone): Microseconds | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const year = Number(parts[1]);
  const month = Number(parts[2]);
  const day = Number(parts[3]);
  const hour = Number(parts[4]);
  const minute = Number(parts[5]);
  const second = Number(parts[6]);
  // Also keeps `Date.UTC` from reading years 0 to 99 as 1900 to 1999.
  if (year < 1999 || year > 2101) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = parts[7] === undefined ? 0 : Number(parts[7].slice(0, 6).padEnd(6, '0'));
  const local = Date.UTC(year, month - 1, day, hour, minute, second) * 1000 + fraction;
  if (parts[8] !== undefined) return local;
  if (parts[9] === undefined) return zone(local);
  const offsetHours = Number(parts[10]);
  const offsetMinutes = Number(parts[11] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000_000;
  return parts[9] === '+' ? local - offset : local + offset;
}

function daysInMonth(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && leap ? 29 : DAYS_IN_MONTH[month - 1]!;
}
