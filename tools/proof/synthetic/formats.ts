import { Temporal } from 'temporal-polyfill';
import type { AmountFormat } from '../../../shared/contracts/amountFormats.ts';
import type { FieldFormat } from '../../../shared/contracts/fieldReader.ts';
import type { TimeFormat } from '../../../shared/contracts/timeFormats.ts';

/** Synthetic values in the formats of a profile: the other direction of what the contract reads. */

/** Digits behind the point where the message says how many they are. */
export const WRITTEN_SCALE = 4;

/**
 * A value of a synthetic event in a format; as it is where it is malformed: it stays that.
 * @param zone the topic's.
 */
export function inFormat(value: unknown, format: FieldFormat, zone: string): unknown {
  switch (format.format) {
    case 'postgres_lsn':
      return value;
    case 'mysql_binlog':
      return typeof value === 'number' ? { file: 'binlog.000001', pos: value, row: 0 } : value;
    case 'decimal':
    case 'minor_units':
    case 'connect_decimal':
      return DECIMAL.test(String(value)) ? amountIn(String(value), format) : value;
    default:
      return typeof value === 'string' && UTC_TIME.test(value) ? timeIn(value, format, zone) : value;
  }
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const UTC_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

function amountIn(text: string, format: AmountFormat): unknown {
  if (format.format === 'decimal') return text;
  const scale = typeof format.scale === 'number' ? format.scale : WRITTEN_SCALE;
  const [whole = '', fraction = ''] = text.split('.');
  const integer = BigInt(`${whole}${fraction.slice(0, scale).padEnd(scale, '0')}`);
  if (format.format === 'minor_units') return String(integer);
  const bytes = bytesOf(integer).toString('base64');
  return format.scale === 'value' ? { scale, value: bytes } : bytes;
}

/** Two's complement, the highest byte first, in as few bytes as hold the sign. */
function bytesOf(integer: bigint): Buffer {
  let length = 1;
  while (BigInt.asIntN(8 * length, integer) !== integer) length++;
  const hex = BigInt.asUintN(8 * length, integer).toString(16);
  return Buffer.from(hex.padStart(2 * length, '0'), 'hex');
}

function timeIn(
  text: string,
  { format, time_zone: own, wall_time: wallTime }: TimeFormat,
  zone: string,
): unknown {
  const instant = Temporal.Instant.from(text);
  const local = instant.toZonedDateTimeISO(own ?? zone).toPlainDateTime();
  const written = wallTime === true ? local.toZonedDateTime('UTC') : instant.toZonedDateTimeISO('UTC');
  const microseconds = written.epochNanoseconds / 1000n;
  switch (format) {
    case undefined:
    case 'rfc3339_or_epoch_milliseconds':
      return written.toInstant().toString();
    case 'epoch_seconds':
      return `${microseconds / 1_000_000n}.${String(microseconds % 1_000_000n).padStart(6, '0')}`;
    case 'epoch_milliseconds':
      return Number(microseconds / 1000n);
    case 'epoch_microseconds':
      return Number(microseconds);
    case 'epoch_nanoseconds':
      return `${microseconds}000`;
    case 'epoch_days':
      return Number(microseconds / 86_400_000_000n);
    case 'date_parts': {
      const { year, month, day, hour, minute, second, millisecond } = local;
      return [year, month, day, hour, minute, second, millisecond * 1_000_000];
    }
    case 'seconds_and_nanos':
      return { seconds: Number(microseconds / 1_000_000n), nanos: Number(microseconds % 1_000_000n) * 1000 };
    case 'java_time':
      return written.toInstant().toString();
  }
}
