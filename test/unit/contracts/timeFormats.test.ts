import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { test } from 'vitest';
import { NumberText } from '../../../shared/contracts/json.ts';
import { type TimeFormat, timeReader } from '../../../shared/contracts/timeFormats.ts';
import { localTimeZone } from '../../../shared/contracts/timestamp.ts';

const utc = localTimeZone('UTC')!;
const seoul = localTimeZone('Asia/Seoul')!;
const at = (text: string) => Number(Temporal.Instant.from(text).epochNanoseconds / 1000n);
const number = (text: string) => new NumberText(text);
const read = (format: TimeFormat, value: unknown, zone = utc) => timeReader(format, zone).read(value);

test('each format reads its times exactly, cut to microseconds', () => {
  const cases: [TimeFormat['format'], unknown, string][] = [
    [undefined, '2026-11-26T10:02:03Z', '2026-11-26T10:02:03Z'],
    [undefined, 1_795_600_000_123, '2026-11-25T09:46:40.123Z'],
    ['rfc3339_or_epoch_milliseconds', '2026-11-26T10:02:03+09:00', '2026-11-26T01:02:03Z'],
    ['epoch_seconds', 1_795_600_000, '2026-11-25T09:46:40Z'],
    ['epoch_seconds', number('1795600000.123456789'), '2026-11-25T09:46:40.123456Z'],
    ['epoch_seconds', number('1.795600000123E9'), '2026-11-25T09:46:40.123Z'],
    ['epoch_seconds', '1795600000.5', '2026-11-25T09:46:40.5Z'],
    ['epoch_milliseconds', '1795600000123', '2026-11-25T09:46:40.123Z'],
    ['epoch_microseconds', 1_795_600_000_123_456, '2026-11-25T09:46:40.123456Z'],
    ['epoch_microseconds', number('1795600000123456'), '2026-11-25T09:46:40.123456Z'],
    ['epoch_nanoseconds', number('1795600000123456789'), '2026-11-25T09:46:40.123456Z'],
    ['epoch_nanoseconds', '4133980799999999999', '2100-12-31T23:59:59.999999Z'],
    ['epoch_days', 20_782, '2026-11-25T00:00:00Z'],
    ['date_parts', [2026, 11, 26, 1, 2, 3, 123_000_000], '2026-11-26T01:02:03.123Z'],
    ['date_parts', ['2026', '11', '26', '1', '2'].map(number), '2026-11-26T01:02:00Z'],
    ['date_parts', [2026, 11, 26, 1, 2, 3, 999_999_999], '2026-11-26T01:02:03.999999Z'],
    ['seconds_and_nanos', { seconds: 1_795_600_000, nanos: 123_000_000 }, '2026-11-25T09:46:40.123Z'],
    ['seconds_and_nanos', { seconds: '1795600000' }, '2026-11-25T09:46:40Z'],
    ['java_time', '2026-11-26T10:02:03+09:00[Asia/Seoul]', '2026-11-26T01:02:03Z'],
    ['java_time', '2026-11-26T10:02Z', '2026-11-26T10:02:00Z'],
    ['java_time', '2026-11-26T10:02:03.123456789Z', '2026-11-26T10:02:03.123456Z'],
    ['java_time', '2026-11-26T10:02Z[UTC]', '2026-11-26T10:02:00Z'],
    ['java_time', '2026-11-26T10:02+09:00[GMT+09:00]', '2026-11-26T01:02:00Z'],
  ];
  for (const [format, value, instant] of cases) {
    assert.equal(read({ format }, value), at(instant), `${format} ${JSON.stringify(value)}`);
  }
});

test('what a format does not say is invalid: nothing is guessed', () => {
  const cases: [TimeFormat['format'], readonly unknown[]][] = [
    [undefined, ['1795600000123', [2026, 11, 26, 1, 2], '2026-11-26T10:02Z', 1_795_600_000, {}]],
    ['epoch_seconds', [1_795_600_000_123, '2026-11-26T10:02:03Z', -1, '-1795600000', 'NaN', '', {}, true]],
    ['epoch_milliseconds', [1_795_600_000, number('1795600000123.5'), '0x10', '01795600000123', null]],
    ['epoch_microseconds', [1_795_600_000_123, number('-9223372036832400000'), '9'.repeat(40), 'infinity']],
    ['epoch_nanoseconds', [1_795_600_000_123_456, '12', 0, [1]]],
    ['epoch_days', [number('20782.5'), 1_795_600_000, '2026-11-25', -20_782, '9'.repeat(16)]],
    [
      'date_parts',
      [
        [2026, 11, 26],
        [2026, 11, 26, 1, 2, 3, 4, 5],
        [2026, 13, 1, 0, 0],
        [2026, 2, 29, 0, 0],
        [2026, 11, 26, 24, 0],
        [2026, 11, 26, 1, 2, 60],
        [26, 11, 26, 1, 2],
        [2026, 11, 26, 1, 2, 3, 1_000_000_000],
        [2026, 11, 26, 1, 2.5],
        [2026, 11, 26, 1, -2],
        [2026, 11, '26', 1, 2],
        '2026,11,26,1,2',
        [],
      ],
    ],
    [
      'seconds_and_nanos',
      [
        { seconds: 1_795_600_000, nanos: 1_000_000_000 },
        { seconds: 1_795_600_000, nanos: -1 },
        { seconds: 1_795_600_000, nanos: 0, zone: 'UTC' },
        { nanos: 0 },
        { seconds: number('1795600000.5') },
        1_795_600_000,
        [1_795_600_000, 0],
        null,
      ],
    ],
    [
      'java_time',
      [
        '2026-11-26T10:02:03[Asia/Seoul]',
        '2026-11-26T10:02:03Z[Asia/Seoul]',
        '2026-11-26T10:02:03+09:00[Asia/Seoul',
        '2026-11-26T10:02:03+09:00[]',
        '2026-11-26T10Z',
        '2026-11-26T10:02:60Z',
        '2026-02-30T10:02Z',
        1_795_600_000_123,
      ],
    ],
  ];
  for (const [format, values] of cases) {
    for (const value of values) {
      assert.equal(read({ format }, value), undefined, `${format} ${JSON.stringify(value)}`);
    }
  }
});

test('a zone is that of texts and parts without an offset; numbers since 1970 have none', () => {
  const own: TimeFormat = { time_zone: 'Asia/Seoul' };
  assert.equal(read(own, '2026-11-26 10:02:03'), at('2026-11-26T01:02:03Z'));
  assert.equal(read(own, '2026-11-26T10:02:03Z'), at('2026-11-26T10:02:03Z'));
  assert.equal(read({}, '2026-11-26T10:02:03', seoul), at('2026-11-26T01:02:03Z'));
  assert.equal(read({ ...own, format: 'date_parts' }, [2026, 11, 26, 10, 2]), at('2026-11-26T01:02:00Z'));
  assert.equal(read({ format: 'java_time' }, '2026-11-26T10:02', seoul), at('2026-11-26T01:02:00Z'));
  assert.equal(read({ ...own, format: 'epoch_seconds' }, 1_795_600_000), at('2026-11-25T09:46:40Z'));
});

test('a wall time is local whatever says that it is UTC; another offset contradicts it', () => {
  const wall: TimeFormat = { time_zone: 'Asia/Seoul', wall_time: true };
  const here = at('2026-11-20T01:00:00.123456Z');
  const micros: TimeFormat = { ...wall, format: 'epoch_microseconds' };
  assert.equal(read(micros, 1_795_168_800_123_456), here);
  assert.equal(read(micros, '1795168800123456'), here);
  assert.equal(read(wall, '2026-11-20T10:00:00.123456Z'), here);
  assert.equal(read(wall, '2026-11-20 10:00:00.123456'), here);
  assert.equal(read(wall, 1_795_168_800_123), at('2026-11-20T01:00:00.123Z'));
  assert.equal(read({ ...wall, format: 'epoch_days' }, 20_782), at('2026-11-24T15:00:00Z'));
  for (const value of ['2026-11-20T10:00:00+09:00', '2026-11-20T10:00:00ZZ', 'infinity', {}]) {
    assert.equal(read(wall, value), undefined, JSON.stringify(value));
  }
  // A zone's rules end somewhere: what is centuries away is invalid, and no error.
  assert.equal(read(micros, number('-9223372036832400000')), undefined);
  assert.equal(read(micros, number('9223372036832400000')), undefined);
});

test('any instant is read from each of its forms', () => {
  const digits = (nanoseconds: bigint, cut: number) => nanoseconds.toString().slice(0, cut) || '0';
  fc.assert(
    fc.property(
      fc.bigInt({ min: 946_684_800_000_000_000n, max: 4_133_980_799_999_999_999n }),
      (nanoseconds) => {
        const microseconds = Number(nanoseconds / 1000n);
        const [seconds, nanos] = [nanoseconds / 1_000_000_000n, nanoseconds % 1_000_000_000n];
        const fraction = nanos.toString().padStart(9, '0');
        const date = Temporal.Instant.fromEpochNanoseconds(nanoseconds).toZonedDateTimeISO('UTC');
        const { year, month, day, hour, minute, second } = date;
        const forms: [TimeFormat['format'], unknown][] = [
          ['epoch_seconds', number(`${seconds}.${fraction}`)],
          ['epoch_microseconds', digits(nanoseconds, -3)],
          ['epoch_nanoseconds', number(nanoseconds.toString())],
          ['seconds_and_nanos', { seconds: number(String(seconds)), nanos: Number(nanos) }],
          ['date_parts', [year, month, day, hour, minute, second, Number(nanos)]],
          ['java_time', date.toString({ smallestUnit: 'nanosecond', offset: 'auto' })],
        ];
        for (const [format, value] of forms) {
          const text = typeof value === 'string' ? value.replace('+00:00[', 'Z[') : value;
          assert.equal(read({ format }, text), microseconds, `${format} ${JSON.stringify(text)}`);
        }
      },
    ),
    { seed: 7 },
  );
});
