import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import type { Money } from '../../shared/contracts/values.ts';
import { encodeCompositeArray, type WriteFields } from '../../shared/store/binaryFormat.ts';
import { testDatabase } from '../support/database.ts';

// PostgreSQL itself says whether it was sent what was meant.

const SEED = 20261122;

interface Row {
  readonly text: string | null;
  readonly money: Money | null;
  readonly time: number | null;
  readonly version: bigint | null;
  readonly number: number;
  readonly place: number;
}

const writeRow: WriteFields<Row> = (fields, row) => {
  fields.text(row.text);
  fields.numeric(row.money);
  fields.timestamptz(row.time);
  fields.wideBigint(row.version);
  fields.bigint(row.number);
  fields.integer(row.place);
};

/** An amount as the contract keeps it: no zero in front of another digit, up to 38 digits, 18 after the point. */
const money = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.stringMatching(/^(0|[1-9][0-9]{0,19})$/),
    fc.stringMatching(/^([0-9]{1,18})?$/),
  )
  .map(([sign, whole, fraction]) => {
    const zero = !/[1-9]/.test(whole + fraction);
    return `${zero ? '' : sign}${whole}${fraction === '' ? '' : `.${fraction}`}` as Money;
  });

const row: fc.Arbitrary<Row> = fc.record({
  text: fc.option(
    fc
      .oneof(
        fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
        fc.string({ unit: 'binary', maxLength: 400 }),
      )
      .filter((text) => !text.includes('\0')),
  ),
  money: fc.option(money),
  time: fc.option(
    fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 11, 31) }).map((ms) => ms * 1000 + 7),
  ),
  version: fc.option(fc.bigInt({ min: 0n, max: 10n ** 18n })),
  number: fc.maxSafeNat(),
  place: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});

test(`values arrive as they were sent (seed ${SEED})`, async (t) => {
  const database = await testDatabase(t);
  await database.pool.query(
    'CREATE TYPE sent_row AS (t text, m numeric, ts timestamptz, v bigint, n bigint, p integer)',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 40 }), async (rows) => {
      const found = await database.rows(
        `SELECT t, m, (extract(epoch FROM ts) * 1000000)::bigint AS us, v, n, p FROM unnest($1::sent_row[])`,
        [encodeCompositeArray(writeRow, rows)],
      );
      const text = (value: unknown) => (value === null ? null : String(value));
      assert.deepEqual(
        found,
        rows.map(({ text: t, money, time, version, number, place }) => ({
          t,
          m: money,
          us: text(time),
          v: text(version),
          n: text(number),
          p: text(place),
        })),
      );
    }),
    { seed: SEED, numRuns: 150 },
  );
});
