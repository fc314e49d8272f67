import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { type AmountFormat, amountReader } from '../../../shared/contracts/amountFormats.ts';
import { type JsonObject, NumberText } from '../../../shared/contracts/json.ts';
import { sameMoney } from '../../../shared/contracts/values.ts';

const number = (text: string) => new NumberText(text);
const read = (format: AmountFormat, value: unknown, schema?: JsonObject) =>
  amountReader(format).read(value, () => schema);
const connect = (scale: number | 'value' | 'schema'): AmountFormat => ({ format: 'connect_decimal', scale });
const minor = (scale: number): AmountFormat => ({ format: 'minor_units', scale });

test('minor units are moved by their scale, as text', () => {
  for (const [scale, value, amount] of [
    [2, 1250, '12.50'],
    [2, -5, '-0.05'],
    [2, '1250', '12.50'],
    [0, 1250, '1250'],
    [2, number('9007199254740993'), '90071992547409.93'],
    [2, 0, '0.00'],
    [2, '-0', '0.00'],
    [18, 1, '0.000000000000000001'],
    [2, '9'.repeat(38), `${'9'.repeat(36)}.99`],
  ] as const) {
    assert.equal(read(minor(scale), value), amount, `${scale} ${JSON.stringify(value)}`);
  }
  for (const value of [
    number('12.5'),
    number('1e3'),
    '12.50',
    '',
    '007',
    '1,250',
    {},
    null,
    true,
    '9'.repeat(39),
  ]) {
    assert.equal(read(minor(2), value), undefined, JSON.stringify(value));
  }
});

test('a Connect decimal is the integer of its bytes, also where its base64 looks like digits', () => {
  for (const [scale, value, amount] of [
    [2, '1234', '-26588.24'],
    [2, 'BOI=', '12.50'],
    [2, '/w==', '-0.01'],
    [4, 'AQ==', '0.0001'],
    [2, 'SztMqFqGxHoJiiI//////w==', '999999999999999999999999999999999999.99'],
    [2, 'tMSzV6V5O4X2dd3AAAAAAQ==', '-999999999999999999999999999999999999.99'],
    [0, '+w==', '-5'],
    [2, 'AA==', '0.00'],
    ['value', { scale: 1, value: 'gw==' }, '-12.5'],
    ['value', { scale: 0, value: 'BNI=' }, '1234'],
    ['value', { scale: -3, value: 'AQ==' }, '1000'],
  ] as const) {
    const found = read(connect(scale), value);
    assert.ok(
      found !== undefined && sameMoney(found, amount as typeof found),
      `${JSON.stringify(value)} ${found}`,
    );
  }
});

test('what is no Connect decimal is invalid', () => {
  for (const value of ['12.50', 'BOI', 'B OI=', '!', 1250, {}, 'YWJj-_==', '', 'A'.repeat(200), null]) {
    assert.equal(read(connect(2), value), undefined, JSON.stringify(value));
  }
  for (const value of [
    { scale: 1 },
    { value: 'gw==' },
    { scale: 1.5, value: 'gw==' },
    { scale: 1000, value: 'gw==' },
    { scale: 1, value: 'gw==', more: 1 },
    // 39 digits: one more than the tables hold.
    { scale: 9, value: 'XODppWAV/sWq36MorjmBFQ==' },
    'gw==',
  ]) {
    assert.equal(read(connect('value'), value), undefined, JSON.stringify(value));
  }
  // Debezium's placeholder for a column of bytes.
  const placeholder = Buffer.from('__debezium_unavailable_value').toString('base64');
  assert.equal(read(connect(2), placeholder), undefined);
});

test('the scale comes from the schema of the message where the profile says so', () => {
  const decimal = {
    type: 'bytes',
    name: 'org.apache.kafka.connect.data.Decimal',
    parameters: { scale: '2', 'connect.decimal.precision': '38' },
  };
  const variable = { type: 'struct', name: 'io.debezium.data.VariableScaleDecimal' };
  assert.equal(read(connect('schema'), 'BOI=', decimal), '12.50');
  assert.equal(read(connect('schema'), { scale: 1, value: 'gw==' }, variable), '-12.5');
  for (const schema of [undefined, { type: 'bytes' }, { ...decimal, parameters: {} }, { type: 'string' }]) {
    assert.equal(read(connect('schema'), 'BOI=', schema), undefined, JSON.stringify(schema));
  }
});

test('every amount that fits comes back exactly from its bytes', () => {
  const limit = 10n ** 38n - 1n;
  fc.assert(
    fc.property(
      fc.bigInt({ min: -limit, max: limit }),
      fc.integer({ min: 0, max: 18 }),
      (unscaled, scale) => {
        const value = base64Of(unscaled);
        const found = read(connect(scale), value);
        assert.ok(found !== undefined);
        const [whole = '', fraction = ''] = found.replace('-', '').split('.');
        assert.equal(BigInt(whole + fraction.padEnd(scale, '0')), unscaled < 0n ? -unscaled : unscaled);
        assert.equal(found.startsWith('-'), unscaled < 0n);
        assert.equal(read(minor(scale), String(unscaled)), found);
        assert.equal(read(connect('value'), { scale, value }), found);
      },
    ),
    { seed: 7 },
  );
});

/** As Java's BigInteger.toByteArray writes it: no more bytes than needed for number and sign. */
function base64Of(unscaled: bigint): string {
  let bits = 8n;
  while (BigInt.asIntN(Number(bits), unscaled) !== unscaled) bits += 8n;
  const hex = BigInt.asUintN(Number(bits), unscaled)
    .toString(16)
    .padStart(Number(bits) / 4, '0');
  return Buffer.from(hex, 'hex').toString('base64');
}
