import { isUnavailable } from './debezium.ts';
import type { DumpTopic } from './fields.ts';
import { NumberText } from './json.ts';

/**
 * What can be read from one member of a payload (SPEC 2.2). Each reader takes a value that is present (not null,
 * not blank; strings are trimmed) and returns its typed form, or `undefined` where the rule is broken.
 */

/** An exact decimal, written out without exponent. Compare two with {@link sameMoney}. */
export type Money = string & { readonly unit: 'money' };

const NUMBER_GRAMMAR = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** What nearly every amount looks like: short enough for every limit, no zero with a sign, no exponent. */
const PLAIN_MONEY = /^-?[1-9]\d{0,17}(?:\.\d{1,18})?$/;
const INTEGER_GRAMMAR = /^-?(?:0|[1-9]\d*)$/;
const MAX_MONEY_DIGITS = 38;
const MAX_FRACTION_DIGITS = 18;
const MAX_TEXT = 1024;

/** A JSON integer's digits: no fraction, no exponent, not `-0`. */
export function integerText(value: unknown): string | undefined {
  const text = numberText(value);
  return text !== undefined && text !== '-0' && INTEGER_GRAMMAR.test(text) ? text : undefined;
}

/** A JSON number as it was written. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return value instanceof NumberText ? value.text : undefined;
}

/**
 * Money from a JSON number or from a string in JSON's number grammar. At most 38 digits, 18 of them after the
 * point, written out without exponent; leading zeros and trailing fraction zeros do not count. The scale stays
 * as it was written, up to 18.
 */
export function readMoney(value: unknown): Money | undefined {
  const text = typeof value === 'string' ? value : numberText(value);
  if (text === undefined) return undefined;
  if (PLAIN_MONEY.test(text)) return text as Money;
  const parts = NUMBER_GRAMMAR.exec(text);
  if (parts === null) return undefined;
  const [, sign = '', integer = '', fraction = '', exponent] = parts;
  const digits = integer + fraction;
  const firstSignificant = digits.search(/[1-9]/);
  // Zero, however it is scaled: its sign means nothing.
  if (firstSignificant < 0) {
    return (
      fraction === '' || exponent !== undefined ? '0' : `0.${fraction.slice(0, MAX_FRACTION_DIGITS)}`
    ) as Money;
  }

  // Where the point stands among `digits`; beyond both ends where the exponent is large.
  const point = integer.length + (exponent === undefined ? 0 : Number(exponent));
  const end = digits.length - trailingZeros(digits);
  const integerDigits = Math.max(point - firstSignificant, 0);
  const fractionDigits = Math.max(end - point, 0);
  const countedFraction = point > firstSignificant ? fractionDigits : end - firstSignificant;
  if (fractionDigits > MAX_FRACTION_DIGITS || integerDigits + countedFraction > MAX_MONEY_DIGITS) {
    return undefined;
  }

  const whole =
    point <= 0
      ? '0'
      : digits
          .slice(0, point)
          .padEnd(point, '0')
          .replace(/^0+(?=\d)/, '');
  const rest = (point < 0 ? '0'.repeat(-point) + digits : digits.slice(point)).slice(0, MAX_FRACTION_DIGITS);
  return `${sign}${whole}${rest === '' ? '' : `.${rest}`}` as Money;
}

function trailingZeros(digits: string): number {
  let count = 0;
  while (digits.charCodeAt(digits.length - 1 - count) === 0x30) count++;
  return count;
}

/** Whether two amounts are the same number: `12.50` and `12.5` are. */
export function sameMoney(a: Money | null, b: Money | null): boolean {
  return a === b || (a !== null && b !== null && withoutFractionZeros(a) === withoutFractionZeros(b));
}

function withoutFractionZeros(money: Money): string {
  return money.includes('.') ? money.replace(/\.?0+$/, '') : money;
}

/** An identifier from a string or a JSON integer: 1 to 256 code points. */
export function readIdentifier(value: unknown): string | undefined {
  return readStorable(typeof value === 'string' ? value : integerText(value), 256);
}

/** Any other text: a string of at most 1,024 code points. */
export function readText(value: unknown): string | undefined {
  return readStorable(typeof value === 'string' ? value : undefined, MAX_TEXT);
}

/** An ISO 4217 code: three upper-case letters. Which codes exist changes; the shape does not. */
export function readCurrency(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Z]{3}$/.test(value) ? value : undefined;
}

/** PostgreSQL's text holds neither U+0000 nor a lone surrogate. What stands for a value that was not sent is none. */
function readStorable(text: string | undefined, maxCodePoints: number): string | undefined {
  if (text === undefined || text.includes('\0') || !text.isWellFormed() || isUnavailable(text))
    return undefined;
  if (text.length > maxCodePoints && (text.length > 2 * maxCodePoints || [...text].length > maxCodePoints)) {
    return undefined;
  }
  return text;
}

const MAX_VERSION = 10n ** 18n;

/** A record's version: an integer from 0 to 10^18, as a JSON integer or as digits without leading zeros. */
export function readVersion(value: unknown): bigint | undefined {
  if (Number.isSafeInteger(value) && (value as number) > 0) return BigInt(value as number);
  const text = typeof value === 'string' ? value : integerText(value);
  if (text === undefined || text.length > 19 || !/^(?:0|[1-9]\d*)$/.test(text)) return undefined;
  const version = BigInt(text);
  return version <= MAX_VERSION ? version : undefined;
}

/** A supported `schema_version` as it was written (SPEC 2.2), from a string or a number. */
export function readSchemaVersion(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : numberText(value);
  return text !== undefined && text.length <= MAX_TEXT && /^1(?:\.\d+)*$/.test(text) ? text : undefined;
}

/** The logical topic that a control total is of: one whose records are rows of a source table. */
export function readSource(value: unknown): DumpTopic | undefined {
  return value === 'ledger' || value === 'payment_order' ? value : undefined;
}
