import type { FieldKind } from '../../shared/contracts/fields.ts';

export type JsonSchema = { readonly [keyword: string]: unknown };

const NULL_OR_BLANK: JsonSchema = { anyOf: [{ type: 'null' }, { type: 'string', pattern: '^\\s*$' }] };

/** What counts as missing. */
export const MISSING: JsonSchema = {
  description: 'Counts as missing: null, or a string of nothing but white space.',
  ...NULL_OR_BLANK,
};

/** A value that does not count as missing. */
export const PRESENT: JsonSchema = { description: 'Neither null nor blank.', not: NULL_OR_BLANK };

/** Every pattern takes white space around the value: it is trimmed before anything else. */
const trimmed = (pattern: string) => `^\\s*${pattern}\\s*$`;

/** A string that is neither blank nor longer, once trimmed; PostgreSQL's text holds no U+0000. */
function storable(maxCodePoints: number): JsonSchema {
  return {
    type: 'string',
    allOf: [
      { type: 'string', pattern: '\\S' },
      { type: 'string', pattern: '^[^\\x00]*$' },
      {
        anyOf: [
          { type: 'string', maxLength: maxCodePoints },
          // How long it is once trimmed is more than a schema can say.
          { type: 'string', pattern: '^\\s|\\s$' },
        ],
      },
    ],
  };
}

const WHOLE_PART = '(0|[1-9][0-9]*)';

/**
 * What a value of each kind may be, and what a producer is told of it; the readers in `values.ts` and `timestamp.ts` decide. A schema is looser
 * where it can't say a rule, and never stricter: {@link NOT_IN_THE_SCHEMA}. No look-around and no long repetition: the
 * patterns are for the regular expressions of every language.
 */
export const KINDS: Readonly<Record<FieldKind, JsonSchema>> = {
  identifier: {
    description:
      'An identifier: a string of 1 to 256 characters (code points), or a JSON integer without fraction, exponent or -0. ' +
      'White space around it is cut off, its case is kept, all its digits are kept. No U+0000, no lone surrogates.',
    anyOf: [storable(256), { type: 'integer', minimum: -1e255, maximum: 1e256 }],
    examples: ['tx-20261120-000001', '9007199254740993'],
  },
  text: {
    description:
      'A string of at most 1,024 characters (code points), stored as it is but for white space around it. No U+0000, no ' +
      'lone surrogates.',
    ...storable(1024),
  },
  currency: {
    description: 'A currency code of ISO 4217: three upper-case letters. White space around it is cut off.',
    type: 'string',
    pattern: trimmed('[A-Z]{3}'),
    examples: ['KRW'],
  },
  money: {
    description:
      'An exact decimal: a JSON number, or a string in the grammar of JSON numbers (so no +5, 007, .5 or 1,000). At most 38 ' +
      'digits in all and 18 after the point, written out without exponent; leading zeros and trailing zeros of the ' +
      'fraction do not count. Prefer a string: many programs turn a JSON number into a double on the way.',
    anyOf: [
      // The largest amount, as the double that a validator compares with.
      { type: 'number', minimum: -1e38, maximum: 1e38 },
      { type: 'string', pattern: trimmed(`-?(0|[1-9][0-9]{0,37})(\\.[0-9]{1,18}0*)?`) },
      { type: 'string', pattern: trimmed(`-?${WHOLE_PART}(\\.[0-9]+)?[eE][+-]?[0-9]+`) },
    ],
    examples: ['12500.00', '-0.05'],
  },
  timestamp: {
    description:
      'A point in time: RFC 3339, also with a space or in lower case (2026-11-20T10:15:30.123456Z, 2026-11-20 ' +
      '19:15:30+09:00), with offsets as +0900 or +09 too, or a JSON integer of epoch milliseconds. Seconds are required; ' +
      ':60 and 24:00 are invalid; fractions are cut to microseconds. Years 2000 to 2100 in UTC.',
    anyOf: [
      {
        type: 'string',
        pattern: trimmed(
          '(1999|20[0-9]{2}|210[01])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' +
            '[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?' +
            '([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?',
        ),
      },
      { type: 'integer', minimum: Date.UTC(2000, 0, 1), maximum: Date.UTC(2101, 0, 1) - 1 },
    ],
    examples: ['2026-11-20T10:15:30.123456Z', '2026-11-20T19:15:30+09:00', 1795169730123],
  },
  version: {
    description:
      'A whole number from 0 to 10^18: a JSON integer without fraction or exponent, or a string of digits without ' +
      'leading zeros. It grows with each new state of the record.',
    anyOf: [
      { type: 'integer', minimum: 0, maximum: 1e18 },
      { type: 'string', pattern: trimmed('(0|[1-9][0-9]{0,17}|10{18})') },
    ],
    examples: [7, '7'],
  },
  count: {
    description:
      'A whole number from 0 to 10^18: a JSON integer without fraction or exponent, or a string of digits without leading zeros.',
    anyOf: [
      { type: 'integer', minimum: 0, maximum: 1e18 },
      { type: 'string', pattern: trimmed('(0|[1-9][0-9]{0,17}|10{18})') },
    ],
    examples: [1204],
  },
  source: {
    description: 'Which rows are counted: those of the ledger, or the payment orders.',
    type: 'string',
    pattern: trimmed('(ledger|payment_order)'),
    examples: ['ledger'],
  },
  schema_version: {
    description:
      'The version of the payload: 1, or 1 with further numbers behind points (1.7, 1.7.2), as a string or a number. A new ' +
      'minor version may bring new members, which are ignored. A new major version is not read: its events are dead ' +
      'letters until a release of the sync that knows it brings them in again.',
    anyOf: [
      { type: 'number', minimum: 1, exclusiveMaximum: 2 },
      { type: 'string', ...lengthAndPattern(1024, trimmed('1(\\.[0-9]+)*')) },
    ],
    examples: ['1', '1.7'],
  },
};

function lengthAndPattern(maxCodePoints: number, pattern: string): JsonSchema {
  return {
    pattern,
    anyOf: [
      { type: 'string', maxLength: maxCodePoints },
      { type: 'string', pattern: '^\\s|\\s$' },
    ],
  };
}

/** Rules that the schemas leave to the sync: what breaks only these is valid by the schema, and a dead letter all the same. */
export const NOT_IN_THE_SCHEMA = {
  money_digits:
    'Digits of an amount where it is a JSON number, has an exponent, or has a whole part and a fraction: at most 38 in ' +
    'all, 18 of them after the point.',
  integer_notation:
    'An integer is written without fraction, exponent or the sign of -0: to a schema, 1.0, 1e3 and -0 are integers. A ' +
    'schema_version that is a number has no exponent.',
  double:
    'Validators that read a JSON number as a double see another number past 2^53: 1000000000000000001 is not above 10^18 then.',
  calendar:
    'The day exists in its month, and the time lies in the years 2000 to 2100 once its offset or time zone is applied.',
  trimmed_length: 'The length of a string that has white space around it counts once it is cut off.',
  lone_surrogate: 'A text has no lone surrogate (an escape such as \\ud800 without its other half).',
  alias_conflict: 'Where a field is sent under several names, their values agree.',
  future:
    'updated_at lies at most MAX_CLOCK_SKEW_SECONDS (300) after the time at which the broker got the event.',
  window: 'A window ends later than it begins, by at most a day.',
  text_of_json:
    'The body is UTF-8 and JSON; of a member that is repeated the last one counts; nesting has a limit.',
} as const;
export type LooseRule = keyof typeof NOT_IN_THE_SCHEMA;
