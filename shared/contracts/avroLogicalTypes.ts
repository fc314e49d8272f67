import { MalformedAvro } from './avroInput.ts';
import { type JsonObject, NumberText } from './json.ts';

/** More than any amount takes; a conversion of megabytes would take minutes. */
const MAX_DECIMAL_BYTES = 64;
const MAX_SCALE = 64;
const DAY_MS = 86_400_000;

/** Turns what was read of an underlying type into the JSON value that stands for the logical type. */
type Convert = (value: unknown) => unknown;

/**
 * The logical types of Avro 1.12 that are read as what they mean, exactly: decimals as numbers with their digits, times as
 * RFC 3339 (a local one and a date without an offset, for the zone of the profile), UUIDs as text. `undefined` for others,
 * and where an attribute of it is wrong: then the underlying type counts, as Avro's specification has it.
 */
export function logicalType(schema: JsonObject): Convert | undefined {
  const { type, logicalType: name, scale = 0, size } = schema;
  const isBytes = type === 'bytes' || type === 'fixed';
  if (name === 'decimal' && isBytes && isScale(scale)) return (value) => decimal(value as Buffer, scale);
  if (name === 'uuid' && type === 'fixed' && size === 16) return (value) => uuid(value as Buffer);
  if (name === 'date' && type === 'int') return (days) => date(days as number);
  const time = /^(local-)?timestamp-(millis|micros|nanos)$/.exec(typeof name === 'string' ? name : '');
  if (time === null || type !== 'long') return undefined;
  const digits = { millis: 3, micros: 6, nanos: 9 }[time[2] as 'millis' | 'micros' | 'nanos'];
  const zone = time[1] === undefined ? 'Z' : '';
  return (value) => timestamp(value as number | bigint, digits, zone);
}

function isScale(scale: unknown): scale is number {
  return Number.isInteger(scale) && (scale as number) >= 0 && (scale as number) <= MAX_SCALE;
}

function decimal(bytes: Buffer, scale: number): NumberText | string {
  if (bytes.length === 0) throw new MalformedAvro('it has a decimal without bytes');
  // No amount, and its field says so.
  if (bytes.length > MAX_DECIMAL_BYTES) return bytes.toString('base64');
  const integer = BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`));
  const digits = String(integer < 0n ? -integer : integer).padStart(scale + 1, '0');
  const sign = integer < 0n ? '-' : '';
  const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`;
  return new NumberText(`${sign}${digits.slice(0, digits.length - scale)}${fraction}`);
}

function uuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Midnight of the profile's zone. */
function date(days: number): unknown {
  return isoSecond(days * DAY_MS) ?? days;
}

function timestamp(value: number | bigint, digits: number, zone: string): unknown {
  const unit = 10n ** BigInt(digits);
  const rest = ((BigInt(value) % unit) + unit) % unit;
  const second = isoSecond(Number((BigInt(value) - rest) / unit) * 1000);
  // So far away that it is out of range as a number, too.
  return second === undefined
    ? new NumberText(String(value))
    : `${second}.${String(rest).padStart(digits, '0')}${zone}`;
}

/** `2026-11-26T01:02:03`; `undefined` where no date is that far away. */
function isoSecond(milliseconds: number): string | undefined {
  const instant = new Date(milliseconds);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString().slice(0, -5);
}
