import { type AmountFormat, amountReader } from './amountFormats.ts';
import { connectSchemaAt } from './connectSchema.ts';
import type { EnvelopeStep } from './envelope.ts';
import type { FieldKind } from './fields.ts';
import type { JsonObject } from './json.ts';
import { type TimeFormat, timeReader } from './timeFormats.ts';
import { type LocalTimeZone, readTimestamp } from './timestamp.ts';
import {
  readCurrency,
  readIdentifier,
  readMoney,
  readSchemaVersion,
  readSource,
  readText,
  readVersion,
} from './values.ts';
import { type VersionFormat, versionReader } from './versionFormats.ts';

/** How a profile says that a field is written. */
export type FieldFormat = TimeFormat | AmountFormat | VersionFormat;

/** How the values of a field are read: chosen once, when a profile is loaded. */
export interface FieldReader {
  /** What a value must be; a dead letter says it. */
  readonly rule: string;
  /**
   * The typed form of a value that is present, with strings trimmed, or `undefined` where it breaks the rule.
   *
   * @param root the message; its schema may say what a value is.
   * @param place which of the field's places the value is in.
   */
  readonly read: (value: unknown, root: JsonObject, place: number) => unknown;
}

/** What a value of each kind must be, where the profile names no format. */
export const RULES: Record<FieldKind, string> = {
  identifier: 'must be a string or an integer of 1 to 256 characters without U+0000 or lone surrogates',
  text: 'must be a string of at most 1024 characters without U+0000 or lone surrogates',
  currency: 'must be a currency code of three upper-case letters (ISO 4217)',
  money: 'must be a decimal number of at most 38 digits, 18 of them after the point',
  timestamp: 'must be an RFC 3339 timestamp or epoch milliseconds in the years 2000 to 2100',
  version: 'must be an integer from 0 to 10^18',
  count: 'must be an integer from 0 to 10^18',
  source: 'must be ledger or payment_order',
  schema_version: 'must be 1 or 1.x, of at most 1024 characters',
};

const READ: Record<Exclude<FieldKind, 'timestamp'>, (value: unknown) => unknown> = {
  identifier: readIdentifier,
  text: readText,
  currency: readCurrency,
  money: readMoney,
  version: readVersion,
  count: readVersion,
  source: readSource,
  schema_version: readSchemaVersion,
};

/** The reader of a kind. @param zone where times without an offset are. */
export function readerOf(kind: FieldKind, zone: LocalTimeZone): FieldReader {
  const read = kind === 'timestamp' ? (value: unknown) => readTimestamp(value, zone) : READ[kind];
  return { rule: RULES[kind], read };
}

/**
 * The reader of a field, in the format that a profile names for it, if any.
 *
 * @param zone where times without an offset are.
 * @param paths from the message to each of the field's places.
 */
export function fieldReader(
  kind: FieldKind,
  format: FieldFormat | undefined,
  zone: LocalTimeZone,
  paths: readonly (readonly EnvelopeStep[])[],
): FieldReader {
  if (format === undefined) return readerOf(kind, zone);
  if (kind === 'timestamp') return timeReader(format as TimeFormat, zone);
  if (kind === 'version') return versionReader(format as VersionFormat);
  const { rule, read } = amountReader(format as AmountFormat);
  return { rule, read: (value, root, place) => read(value, () => connectSchemaAt(root, paths[place]!)) };
}
