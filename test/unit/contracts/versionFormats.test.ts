import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { NumberText } from '../../../shared/contracts/json.ts';
import { type VersionFormat, versionReader } from '../../../shared/contracts/versionFormats.ts';

const read = (format: VersionFormat['format'], epoch: number, value: unknown) =>
  versionReader({ format, epoch }).read(value);

test("a place in PostgreSQL's log is itself in epoch 0, as a number or as PostgreSQL writes it", () => {
  assert.equal(read('postgres_lsn', 0, 32_476_832), 32_476_832n);
  assert.equal(read('postgres_lsn', 0, '32476832'), 32_476_832n);
  assert.equal(read('postgres_lsn', 0, '16/B374D848'), 97_500_059_720n);
  assert.equal(read('postgres_lsn', 2, 7), 2_000_000_000_000_007n);
  assert.equal(read('postgres_lsn', 999, 10 ** 15 - 1), 10n ** 18n - 1n);
  for (const value of [
    10 ** 15,
    new NumberText('18446744073709551615'),
    'FFFFFFFF/0',
    -1,
    1.5,
    '',
    '7/',
    {},
    true,
  ]) {
    assert.equal(read('postgres_lsn', 0, value), undefined, String(value));
  }
});

test("a place in MySQL's log is its file, then its place in it", () => {
  const at = (file: unknown, pos: unknown) => read('mysql_binlog', 0, { file, pos, row: 3, server_id: 1 });
  assert.equal(at('mysql-bin.000003', 154), 30_000_000_154n);
  assert.equal(at('binlog.999999', 9_999_999_999), 10n ** 16n - 1n);
  for (const [file, pos] of [
    ['binlog', 1],
    ['binlog.1000000', 1],
    ['binlog.000001', 10 ** 10],
    ['binlog.000001', -1],
    ['binlog.000001', null],
    [null, 1],
    [7, 1],
  ]) {
    assert.equal(at(file, pos), undefined, `${file} ${pos}`);
  }
  for (const value of [7, '7', null, [], 'binlog.000001/154'])
    assert.equal(read('mysql_binlog', 0, value), undefined);
});

test('a later place has a higher version, and every place of a later epoch a higher one still', () => {
  const place = fc.tuple(fc.nat(99), fc.nat(999_999), fc.integer({ min: 0, max: 9_999_999_999 }));
  fc.assert(
    fc.property(place, place, (a, b) => {
      const [one, other] = [a, b].map(
        ([epoch, file, pos]) =>
          read('mysql_binlog', epoch, { file: `b.${String(file).padStart(6, '0')}`, pos })!,
      );
      const order = a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
      assert.equal(Math.sign(order), one! < other! ? -1 : one! > other! ? 1 : 0);
      assert.ok(one! <= 10n ** 18n);
    }),
    { seed: 24, numRuns: 2000 },
  );
});
