import * as z from 'zod';
import { isObject, type JsonObject } from './json.ts';
import { integerText, type Money, readMoney } from './values.ts';

/** The name of the logical type that Kafka Connect's schema gives a decimal in bytes; its parameter is the scale. */
const CONNECT_DECIMAL = 'org.apache.kafka.connect.data.Decimal';
const VARIABLE_SCALE_DECIMAL = 'io.debezium.data.VariableScaleDecimal';
/** What a field of this kind may have: the digits behind the point that PostgreSQL's and MySQL's decimals have. */
const MAX_SCALE = 18;
/** A scale beyond it leaves no amount that the tables can hold. */
const MAX_VARIABLE_SCALE = 64;
/** Far more than 38 digits take. */
const MAX_BYTES = 64;

/** How a profile says that an amount is written. */
export const amountFormatSchema = z
  .discriminatedUnion(
    'format',
    [
      z.strictObject({
        format: z.literal('decimal').describe('A decimal number, as a JSON number or in a string.'),
      }),
      z.strictObject({
        format: z
          .literal('minor_units')
          .describe('An integer of the smallest unit, such as cents, as a JSON integer or its digits.'),
        scale: z
          .int()
          .min(0)
          .max(MAX_SCALE)
          .describe('Digits behind the point: 1250 of scale 2 is 12.50. It is the same for all currencies.'),
      }),
      z.strictObject({
        format: z
          .literal('connect_decimal')
          .describe(
            "Kafka Connect's bytes, Debezium's default: base64 of a big-endian integer in two's complement.",
          ),
        scale: z
          .union([z.int().min(0).max(MAX_SCALE), z.enum(['value', 'schema'])], {
            error: 'must be an integer from 0 to 18, "value" or "schema"',
          })
          .describe(
            'Digits behind the point; "value": the amount is an object {scale, value}, as of a numeric without a scale; ' +
              '"schema": the schema that comes with each message says it.',
          ),
      }),
    ],
    { error: 'must be decimal, minor_units with a scale, or connect_decimal with a scale' },
  )
  .meta({ id: 'amount_format' });
export type AmountFormat = z.infer<typeof amountFormatSchema>;

/** How the amounts of a field are read, and the rule that a dead letter names. */
export interface AmountReader {
  readonly rule: string;
  /**
   * Of a value that is present, with strings trimmed; `undefined` where it breaks the rule. Exact: no digit ever goes through
   * a double.
   *
   * @param schema the Connect schema of the value, where the message has one; only asked for by `scale: "schema"`.
   */
  readonly read: (value: unknown, schema: () => JsonObject | undefined) => Money | undefined;
}

const LIMIT = 'of at most 38 digits, 18 of them after the point';

export function amountReader(format: AmountFormat): AmountReader {
  switch (format.format) {
    case 'decimal':
      return { rule: `must be a decimal number ${LIMIT}`, read: readMoney };
    case 'minor_units': {
      const { scale } = format;
      return {
        rule: `must be an integer of minor units, for an amount ${LIMIT}`,
        read: (value) => scaled(typeof value === 'string' ? value : integerText(value), scale),
      };
    }
    case 'connect_decimal': {
      const { scale } = format;
      const rule = `must be a Connect decimal (base64${scale === 'value' ? ' in an object of scale and value' : ''}), for an amount ${LIMIT}`;
      if (scale === 'value') return { rule, read: fromScaleAndValue };
      if (scale !== 'schema') return { rule, read: (value) => scaled(unscaled(value), scale) };
      return {
        rule: `${rule}, with its scale in the schema of the message`,
        read: (value, schema) => fromSchema(value, schema()),
      };
    }
  }
}

function fromSchema(value: unknown, schema: JsonObject | undefined): Money | undefined {
  if (schema?.['name'] === VARIABLE_SCALE_DECIMAL) return fromScaleAndValue(value);
  const parameters = schema?.['parameters'];
  if (schema?.['name'] !== CONNECT_DECIMAL || !isObject(parameters)) return undefined;
  return scaled(unscaled(value), scaleOf(parameters['scale']));
}

function fromScaleAndValue(value: unknown): Money | undefined {
  if (!isObject(value)) return undefined;
  const { scale, value: bytes, ...others } = value;
  return Object.keys(others).length > 0 ? undefined : scaled(unscaled(bytes), scaleOf(scale));
}

/** A JSON integer, or its digits, as Connect's schemas have it. */
function scaleOf(value: unknown): number | undefined {
  const text = typeof value === 'string' ? value : integerText(value);
  const scale = text !== undefined && /^-?\d{1,3}$/.test(text) ? Number(text) : undefined;
  return scale !== undefined && Math.abs(scale) <= MAX_VARIABLE_SCALE ? scale : undefined;
}

/** Digits of the integer that the bytes are in two's complement, the highest byte first. */
function unscaled(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'base64');
  // Node's decoder skips what is no base64.
  if (bytes.length === 0 || bytes.length > MAX_BYTES || bytes.toString('base64') !== value) return undefined;
  return String(BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`)));
}

/** The integer, with the point moved that many digits to the left. */
function scaled(integer: string | undefined, scale: number | undefined): Money | undefined {
  const parts = integer === undefined ? null : /^(-?)(0|[1-9]\d*)$/.exec(integer);
  if (parts === null || scale === undefined) return undefined;
  const [, sign = '', digits = ''] = parts;
  if (scale <= 0) return readMoney(digits === '0' ? '0' : `${sign}${digits}${'0'.repeat(-scale)}`);
  const padded = digits.padStart(scale + 1, '0');
  return readMoney(`${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`);
}
