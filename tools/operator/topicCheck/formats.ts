import type { FieldKind } from '../../../shared/contracts/fields.ts';
import { isObject } from '../../../shared/contracts/json.ts';
import { readTimestamp } from '../../../shared/contracts/timestamp.ts';
import { integerText, numberText, readMoney } from '../../../shared/contracts/values.ts';
import { profileFormatOf } from './profileFormats.ts';

/** What a value looks like: all that a report says of it. */
export type Format =
  | 'boolean'
  | 'object'
  | 'array'
  | 'integer'
  | 'decimal'
  | 'exponent'
  | 'epoch_seconds'
  | 'epoch_milliseconds'
  | 'epoch_microseconds'
  | 'epoch_nanoseconds'
  | 'epoch_text'
  | 'date_parts'
  | 'seconds_and_nanos'
  | 'java_time'
  | 'scaled_bytes'
  | 'time_with_offset'
  | 'time_without_offset'
  | 'date'
  | 'compact_time'
  | 'other_time'
  | 'digits'
  | 'decimal_text'
  | 'grouped_number'
  | 'number_with_unit'
  | 'base64'
  | 'uuid'
  | 'text';

/** The format of a value that is present; strings are trimmed. `kind` is what it would be read as, if anything. */
export function formatOf(value: unknown, kind: FieldKind | undefined): Format {
  if (typeof value === 'string') return textFormat(value, kind);
  const integer = integerText(value);
  if (integer !== undefined) return kind === 'timestamp' ? epochFormat(integer) : 'integer';
  const number = numberText(value);
  if (number !== undefined) {
    if (kind === 'timestamp' && profileFormatOf(value, kind) !== undefined) return 'epoch_seconds';
    return /[eE]/.test(number) ? 'exponent' : 'decimal';
  }
  if (typeof value === 'boolean') return 'boolean';
  const format = kind === undefined ? undefined : profileFormatOf(value, kind)?.format;
  if (format === 'date_parts' || format === 'seconds_and_nanos') return format;
  if (format === 'connect_decimal') return 'scaled_bytes';
  return isObject(value) ? 'object' : 'array';
}

/** By its digits: a time of these decades has as many in each unit. */
function epochFormat(digits: string): Format {
  switch (digits.length) {
    case 9:
    case 10:
      return 'epoch_seconds';
    case 12:
    case 13:
      return 'epoch_milliseconds';
    case 15:
    case 16:
      return 'epoch_microseconds';
    case 18:
    case 19:
      return 'epoch_nanoseconds';
    default:
      return 'integer';
  }
}

const LONG = 100;

function textFormat(text: string, kind: FieldKind | undefined): Format {
  if (text.length > LONG) return 'text';
  if (kind === 'timestamp' || kind === undefined) {
    const time = timeFormat(text);
    if (time !== undefined) return time;
    if (kind === 'timestamp' && /^\d{9,19}$/.test(text)) return 'epoch_text';
  }
  if (/^\d+$/.test(text)) return 'digits';
  if (/^-?\d/.test(text) && readMoney(text) !== undefined) return 'decimal_text';
  if (/^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) || /^-?\d+,\d{1,2}$/.test(text)) return 'grouped_number';
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)) return 'uuid';
  if (kind !== 'money') return 'text';
  if (/^(\p{Sc}|[A-Z]{3}|\p{L})\s?-?[\d,.]+$|^-?[\d,.]+\s?(\p{Sc}|\p{L}{1,3})$/u.test(text)) {
    return 'number_with_unit';
  }
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? 'base64' : 'text';
}

function timeFormat(text: string): Format | undefined {
  let local = false;
  const time = readTimestamp(text, (wallTime) => {
    local = true;
    return wallTime;
  });
  if (time !== undefined) return local ? 'time_without_offset' : 'time_with_offset';
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return 'date';
  if (/^20\d{6}(\d{4}|\d{6}|\d{9})?$/.test(text)) return 'compact_time';
  if (profileFormatOf(text, 'timestamp')?.format === 'java_time') return 'java_time';
  return /^(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}([ T]|$)|[A-Z][a-z]{2}, \d|\/Date\(-?\d)/.test(text)
    ? 'other_time'
    : undefined;
}
