import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { test } from 'vitest';
import { NumberText } from '../../../shared/contracts/json.ts';
import { localTimeZone, readTimestamp } from '../../../shared/contracts/timestamp.ts';

const utc = localTimeZone('UTC')!;
const at = (text: string) => Number(Temporal.Instant.from(text).epochNanoseconds / 1000n);

test('RFC 3339 is read in all its forms', () => {
  for (const [text, instant] of [
    ['2026-11-22T13:47:05Z', '2026-11-22T13:47:05Z'],
    ['2026-11-22 13:47:05z', '2026-11-22T13:47:05Z'],
    ['2026-11-22t13:47:05.1Z', '2026-11-22T13:47:05.1Z'],
    ['2026-11-22T13:47:05.123456789123456789Z', '2026-11-22T13:47:05.123456Z'],
    ['2026-11-22T13:47:05.9999999+09:00', '2026-11-22T04:47:05.999999Z'],
    ['2026-11-22T13:47:05+0900', '2026-11-22T04:47:05Z'],
    ['2026-11-22T13:47:05-09', '2026-11-22T22:47:05Z'],
    ['2026-11-22T13:47:05-00:00', '2026-11-22T13:47:05Z'],
    ['2026-11-22T13:47:05', '2026-11-22T13:47:05Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['1999-12-31T23:00:00-05:00', '2000-01-01T04:00:00Z'],
    ['2100-12-31T23:59:59.999999Z', '2100-12-31T23:59:59.999999Z'],
  ] as const) {
    assert.equal(readTimestamp(text, utc), at(instant), text);
  }
});

test('what is no time, or outside the years 2000 to 2100 in UTC, is invalid', () => {
  for (const value of [
    '2026-11-22',
    '2026-11-22T13:47Z',
    '2026-11-22T13:47:60Z',
    '2026-11-22T24:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-11-22T13:47:05,5Z',
    '2026-11-22T13:47:05.Z',
    '2026-11-22T13:47:05 Z',
    '2026-11-22T13:47:05+24:00',
    '2026-11-22T13:47:05+09:60',
    '2026-11-22T13:47:05+9',
    '20261122T134705Z',
    '0000-01-01T00:00:00Z',
    '0099-12-31T23:59:59-23:00',
    '1999-12-31T23:59:59.999999Z',
    '2101-01-01T00:00:00Z',
    '2100-12-31T23:00:00-05:00',
    '9999-12-31T23:59:59Z',
    'yesterday',
    '1795600000000',
    true,
    {},
    -1,
    946_684_799_999,
    4_133_980_800_000,
    new NumberText('1795600000000.5'),
    new NumberText('1.7956e12'),
  ]) {
    assert.equal(readTimestamp(value, utc), undefined, JSON.stringify(value));
  }
});

test('integers are epoch milliseconds', () => {
  assert.equal(readTimestamp(1_795_600_000_123, utc), 1_795_600_000_123_000);
  assert.equal(readTimestamp(946_684_800_000, utc), 946_684_800_000_000);
});

test('a time without offset is in the zone of the profile, clock changes as Temporal has them', () => {
  const berlin = localTimeZone('Europe/Berlin')!;
  assert.equal(readTimestamp('2026-07-01T12:00:00', berlin), at('2026-07-01T10:00:00Z'));
  // Skipped in spring: moved forward. Repeated in autumn: the first of the two.
  assert.equal(readTimestamp('2026-03-29T02:30:00', berlin), at('2026-03-29T01:30:00Z'));
  assert.equal(readTimestamp('2026-10-25T02:30:00.000001', berlin), at('2026-10-25T00:30:00.000001Z'));
  assert.equal(localTimeZone('Mars/Olympus'), undefined);
});

test('any instant is read as Temporal reads it', () => {
  const instant = fc.record({
    microseconds: fc.bigInt({ min: 946_771_200_000_000n, max: 4_133_890_000_000_000n }),
    offset: fc.integer({ min: -14 * 60, max: 14 * 60 }),
  });
  fc.assert(
    fc.property(instant, ({ microseconds, offset }) => {
      const sign = offset < 0 ? '-' : '+';
      const pad = (part: number) => String(part).padStart(2, '0');
      const zone = `${sign}${pad(Math.trunc(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
      const text = Temporal.Instant.fromEpochNanoseconds(microseconds * 1000n)
        .toZonedDateTimeISO(zone)
        .toString({ timeZoneName: 'never' });
      assert.equal(readTimestamp(text, utc), Number(microseconds), text);
    }),
    { seed: 7 },
  );
});
