import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import {
  type Money,
  readIdentifier,
  readMoney,
  readSchemaVersion,
  readText,
  readVersion,
  sameMoney,
} from '../../../shared/contracts/values.ts';

/** A value as it comes out of a JSON body. */
function fromJson(literal: string): unknown {
  const decoded = decodeBody(Buffer.from(`{"value":${literal}}`));
  assert.ok(decoded.accepted, literal);
  return decoded.object['value'];
}

const digits = (count: number, digit = '9') => digit.repeat(count);

test('money keeps the digits that were written, from numbers and strings', () => {
  for (const [literal, expected] of [
    ['12.50', '12.50'],
    ['"12.50"', '12.50'],
    ['0', '0'],
    ['-0', '0'],
    ['"-0.00"', '0.00'],
    ['1e3', '1000'],
    ['1.5e3', '1500'],
    ['1.50E1', '15.0'],
    ['15e-1', '1.5'],
    ['1e-18', '0.000000000000000001'],
    ['-1.5e-3', '-0.0015'],
    ['0.000', '0.000'],
    ['0e400', '0'],
    ['9007199254740993', '9007199254740993'],
    ['1.0000000000000000001e1', '10.000000000000000001'],
    [digits(38), digits(38)],
    [`${digits(20)}.${digits(18)}`, `${digits(20)}.${digits(18)}`],
    ['1e37', `1${digits(37, '0')}`],
    // Trailing zeros of the fraction do not count; more than 18 are not kept.
    [`1.5${digits(400, '0')}`, `1.5${digits(17, '0')}`],
    [`${digits(38)}.000`, `${digits(38)}.000`],
    ['0.1000000000000000000', '0.100000000000000000'],
    ['100000000000000000000000000000000000000e-5', `1${digits(33, '0')}.00000`],
  ]) {
    assert.equal(readMoney(typeof literal === 'string' ? fromJson(literal) : literal), expected, literal);
  }
});

test('money that is not exact, too long or no JSON number is invalid', () => {
  for (const literal of [
    '1e38',
    '1e400',
    '1e99999999999999999999',
    '1e-19',
    '1e-99999999999999999999',
    digits(39),
    `0.${digits(19)}`,
    `${digits(21)}.${digits(18)}`,
    '"+5"',
    '"007"',
    '".5"',
    '"5."',
    '"1,000"',
    '"0x10"',
    '"NaN"',
    '"Infinity"',
    '"1 000"',
    '"١٢"',
    'true',
    '[]',
    '{}',
  ]) {
    assert.equal(readMoney(fromJson(literal)), undefined, literal);
  }
});

test('any decimal within the limits survives exactly, whatever its exponent', () => {
  const decimal = fc.tuple(
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    fc.integer({ min: 0, max: 8 }),
  );
  fc.assert(
    fc.property(decimal, ([unscaled, scale]) => {
      const money = readMoney(fromJson(`${unscaled}e-${scale}`));
      assert.notEqual(money, undefined);
      const [whole = '', fraction = ''] = money!.replace('-', '').split('.');
      const sign = money!.startsWith('-') ? -1n : 1n;
      assert.equal(sign * BigInt(whole + fraction.padEnd(scale, '0')), unscaled);
    }),
    { seed: 7 },
  );
});

test('amounts are compared as numbers', () => {
  for (const [a, b, same] of [
    ['12.50', '12.5', true],
    ['12.00', '12', true],
    ['100', '1', false],
    ['0.00', '0', true],
    ['-1.0', '-1', true],
    ['-1', '1', false],
    ['1200', '12', false],
  ] as const) {
    assert.equal(sameMoney(a as Money, b as Money), same, `${a} and ${b}`);
  }
  assert.equal(sameMoney(null, null), true);
  assert.equal(sameMoney('0' as Money, null), false);
});

test('identifiers are strings or integers of 1 to 256 code points', () => {
  assert.equal(readIdentifier(fromJson('12345678901234567890')), '12345678901234567890');
  assert.equal(readIdentifier(fromJson('-5')), '-5');
  assert.equal(readIdentifier('가'.repeat(256)), '가'.repeat(256));
  assert.equal(readIdentifier('😀'.repeat(256)), '😀'.repeat(256));
  for (const literal of [
    '1.0',
    '1.5',
    '1e2',
    '-0',
    'true',
    '[1]',
    '"a\\u0000b"',
    '"\\ud800"',
    `"${digits(257)}"`,
  ]) {
    assert.equal(readIdentifier(fromJson(literal)), undefined, literal);
  }
  assert.equal(readIdentifier('😀'.repeat(257)), undefined);
});

test('other texts are strings of at most 1024 code points', () => {
  assert.equal(readText('x'.repeat(1024)), 'x'.repeat(1024));
  assert.equal(readText('x'.repeat(1025)), undefined);
  assert.equal(readText(fromJson('5')), undefined);
});

test('a version is an integer from 0 to 10^18', () => {
  assert.equal(readVersion(fromJson('0')), 0n);
  assert.equal(readVersion(fromJson('1000000000000000000')), 10n ** 18n);
  assert.equal(readVersion('42'), 42n);
  for (const literal of ['1000000000000000001', '-1', '-0', '1.0', '1e3', '"01"', '"+1"', '"1.0"', 'true']) {
    assert.equal(readVersion(fromJson(literal)), undefined, literal);
  }
});

test('schema versions 1 and 1.x are supported, and kept as they were written', () => {
  for (const [literal, expected] of [
    ['1', '1'],
    ['1.0', '1.0'],
    ['"1.12.3"', '1.12.3'],
    ['1.10', '1.10'],
  ] as const) {
    assert.equal(readSchemaVersion(fromJson(literal)), expected);
  }
  for (const literal of ['2', '"2.0"', '"v1"', '"1."', '"1.x"', '10', '1e0', 'true', '[1]']) {
    assert.equal(readSchemaVersion(fromJson(literal)), undefined, literal);
  }
  assert.equal(readSchemaVersion(`1${'.1'.repeat(600)}`), undefined);
  assert.equal(readSchemaVersion(`1${'.1'.repeat(5_000_000)}`), undefined);
});
