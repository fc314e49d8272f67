import { Temporal } from 'temporal-polyfill';
import * as z from 'zod';
import { isObject } from './json.ts';
import { inRange, type LocalTimeZone, localTimeZone, type Microseconds, readTimestamp } from './timestamp.ts';
import { integerText, readMoney } from './values.ts';

/**
 * @param zone where a time without an offset is.
 * @param epoch where a number since 1970 is: UTC, unless the profile says that it is a wall time.
 */
type Read = (value: unknown, zone: LocalTimeZone, epoch: LocalTimeZone) => Microseconds | undefined;

/** A format of times: the rule that a dead letter names, which is followed by the years, and what reads it. */
interface Format {
  readonly rule: string;
  readonly read: Read;
}

const DAY = 86_400_000_000;

/** How a topic may write a time (SPEC 2.4). What is finer than a microsecond is cut; years 2000 to 2100 in all of them. */
const FORMATS = {
  rfc3339_or_epoch_milliseconds: {
    rule: 'an RFC 3339 timestamp or epoch milliseconds',
    read: (value, zone, epoch) =>
      typeof value === 'string' ? readTimestamp(value, zone) : inZone(units(integerText(value), 1000), epoch),
  },
  epoch_seconds: {
    rule: 'epoch seconds (a number or its digits in a string)',
    read: (value, _, epoch) => inZone(fromSeconds(value), epoch),
  },
  epoch_milliseconds: {
    rule: 'epoch milliseconds (an integer or its digits in a string)',
    read: (value, _, epoch) => inZone(units(digitsOf(value), 1000), epoch),
  },
  epoch_microseconds: {
    rule: 'epoch microseconds (an integer or its digits in a string)',
    read: (value, _, epoch) => inZone(units(digitsOf(value), 1), epoch),
  },
  epoch_nanoseconds: {
    rule: 'epoch nanoseconds (an integer or its digits in a string)',
    // Cut as text: a double does not hold all of them.
    read: (value, _, epoch) => inZone(units(digitsOf(value)?.slice(0, -3), 1), epoch),
  },
  epoch_days: {
    rule: 'days since 1970 (an integer or its digits in a string)',
    read: (value, _, epoch) => inZone(units(digitsOf(value), DAY), epoch),
  },
  date_parts: {
    rule: 'an array of year, month, day, hour, minute, and as needed second and nanosecond,',
    read: fromParts,
  },
  seconds_and_nanos: {
    rule: 'an object of seconds and nanos since 1970',
    read: (value, _, epoch) => inZone(fromSecondsAndNanos(value), epoch),
  },
  java_time: {
    rule: "a time as java.time writes it (seconds may be left out, a zone's name may follow the offset)",
    read: fromJavaTime,
  },
} as const satisfies Readonly<Record<string, Format>>;

/** How a profile says that a time is written. */
export const timeFormatSchema = z
  .strictObject({
    format: z
      .enum(Object.keys(FORMATS) as (keyof typeof FORMATS)[])
      .optional()
      .describe('How the time is written; left out: RFC 3339 or epoch milliseconds.'),
    time_zone: z
      .string()
      .refine((zone) => localTimeZone(zone) !== undefined, 'is no IANA time zone')
      .optional()
      .describe('IANA zone of values that have no offset; left out: the zone of the topic.'),
    wall_time: z
      .boolean()
      .optional()
      .describe(
        'The local time of the zone is written as if it were UTC, as Debezium writes a timestamp without time zone: numbers, ' +
          'and texts that have no offset or end in Z.',
      ),
  })
  .meta({ id: 'time_format' });
export type TimeFormat = z.infer<typeof timeFormatSchema>;

/** How the times of a field are read, and the rule that a dead letter names. */
export interface TimeReader {
  readonly rule: string;
  /** Of a value that is present, with strings trimmed; `undefined` where it breaks the rule. */
  readonly read: (value: unknown) => Microseconds | undefined;
}

/** @param zone the topic's, for times without an offset. */
export function timeReader(
  { format = 'rfc3339_or_epoch_milliseconds', time_zone: name, wall_time: wallTime }: TimeFormat,
  zone: LocalTimeZone,
): TimeReader {
  // The schema has refused a zone that does not exist.
  const own = name === undefined ? zone : localTimeZone(name)!;
  const { rule, read }: Format = FORMATS[format];
  if (wallTime !== true) {
    return { rule: `must be ${rule} in the years 2000 to 2100`, read: (value) => read(value, own, UTC) };
  }
  return {
    rule: `must be ${rule} in the years 2000 to 2100, with a local time and no other offset than Z`,
    read: (value) => readWallTime(read, value, own),
  };
}

const UTC: LocalTimeZone = (local) => local;

function readWallTime(read: Read, value: unknown, zone: LocalTimeZone): Microseconds | undefined {
  let isLocal = false;
  const local: LocalTimeZone = (time) => {
    isLocal = true;
    return zone(time);
  };
  const time = read(typeof value === 'string' ? value.replace(/[Zz]$/, '') : value, local, local);
  // A time with an offset says itself where it is.
  return isLocal ? time : undefined;
}

/** Later than any zone can bring back; a zone need not know times that far away. */
const TOO_LATE = Date.UTC(2102, 0, 1) * 1000;

function inZone(local: Microseconds | undefined, zone: LocalTimeZone): Microseconds | undefined {
  return local === undefined || local > TOO_LATE ? undefined : inRange(zone(local));
}

/** Digits of a number from 0, as a JSON integer or in a string. */
function digitsOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : integerText(value);
  return text !== undefined && /^(?:0|[1-9]\d*)$/.test(text) ? text : undefined;
}

/** Exact: more than 16 digits are no microseconds of these years. */
function units(digits: string | undefined, microseconds: number): Microseconds | undefined {
  return digits === undefined || digits === '' || digits.startsWith('-') || digits.length > 16
    ? undefined
    : Number(digits) * microseconds;
}

function fromSeconds(value: unknown): Microseconds | undefined {
  // An amount's reader is exact, too, and knows exponents, as a double of Java has one.
  const [seconds, fraction = ''] = readMoney(value)?.split('.') ?? [];
  return units(seconds && `${seconds}${fraction.slice(0, 6).padEnd(6, '0')}`.replace(/^0+(?=\d)/, ''), 1);
}

function fromSecondsAndNanos(value: unknown): Microseconds | undefined {
  if (!isObject(value)) return undefined;
  const { seconds, nanos = 0, ...others } = value;
  const whole = digitsOf(seconds);
  const fraction = digitsOf(nanos);
  if (whole === undefined || fraction === undefined || Object.keys(others).length > 0) return undefined;
  return fraction.length > 9 ? undefined : units(`${whole}${fraction.padStart(9, '0').slice(0, 6)}`, 1);
}

/** Jackson leaves out seconds and nanoseconds that are 0. */
function fromParts(value: unknown, zone: LocalTimeZone): Microseconds | undefined {
  if (!Array.isArray(value) || value.length < 5 || value.length > 7) return undefined;
  const parts = value.map(integerText);
  if (!parts.every((part) => part !== undefined && /^\d{1,9}$/.test(part))) return undefined;
  const [year, month, day, hour, minute, second = '0', nanos = '0'] = parts as string[];
  const two = (part: string | undefined) => part!.padStart(2, '0');
  const date = `${year!.padStart(4, '0')}-${two(month)}-${two(day)}`;
  return readTimestamp(`${date}T${two(hour)}:${two(minute)}:${two(second)}.${nanos.padStart(9, '0')}`, zone);
}

const JAVA_TIME =
  /^(?<start>\d{4}-\d\d-\d\dT\d\d:\d\d)(?<seconds>:\d\d(?:\.\d{1,9})?)?(?<offset>Z|[+-]\d\d:\d\d)?(?:\[(?<name>[A-Za-z][A-Za-z0-9+\-/_:~.]*)\])?$/;

/** `LocalDateTime`, `OffsetDateTime` and `ZonedDateTime` as their `toString` writes them. */
function fromJavaTime(value: unknown, zone: LocalTimeZone): Microseconds | undefined {
  const found = typeof value === 'string' ? JAVA_TIME.exec(value)?.groups : undefined;
  if (found === undefined) return undefined;
  const { start, seconds = ':00', offset, name } = found;
  const local = `${start}${seconds}`;
  const time = readTimestamp(`${local}${offset ?? ''}`, zone);
  if (time === undefined || name === undefined) return time;
  return offset !== undefined && agrees(name, time, readTimestamp(local, UTC)) ? time : undefined;
}

/** Whether the zone of that name has that local time then. The offset stands for a name that nobody here knows. */
function agrees(name: string, time: Microseconds, local: Microseconds | undefined): boolean {
  if (localTimeZone(name) === undefined) return true;
  const there = Temporal.Instant.fromEpochMilliseconds(Math.floor(time / 1000)).toZonedDateTimeISO(name);
  return local !== undefined && local - time === there.offsetNanoseconds / 1000;
}
