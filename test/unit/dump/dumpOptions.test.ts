import assert from 'node:assert/strict';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import {
  type DumpCommandOptions,
  windowOf,
  withDumpOptions,
} from '../../../tools/operator/dump/command/dumpOptions.ts';

const START = '2026-11-22T11:00:00Z';
const SETTINGS = { maxClockSkew: 300_000_000 } as OperatorSettings;

/** What `--window` and other options come to. */
function windowFrom(...words: string[]) {
  const command = withDumpOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(['--as-of', '2026-11-22T12:00:00Z', ...words], { from: 'user' });
  return windowOf(command.opts<DumpCommandOptions>(), SETTINGS);
}

test('a window is read to the microsecond, in any zone, up to a day', () => {
  const micros = Date.parse(START) * 1000;
  expect(windowFrom('--window', `${START}/2026-11-22T20:00:00.000001+09:00`)).toMatchObject({
    ...{ since: micros, until: micros + 1, by: 'created_at' },
  });
  const day = windowFrom('--window', `${START}/2026-11-23T11:00:00Z`);
  assert.equal(day.until! - day.since!, 86_400_000_000);
  assert.equal(windowFrom('--since', START).by, 'business_time');
});

test('a window that is none is refused, with what is wrong', () => {
  for (const [window, said] of [
    [START, /It must be START\/END/],
    [`${START}/${START}/${START}`, /It must be START\/END/],
    ['2026-11-22T11:00:00/2026-11-22T11:01:00', /a time with its zone/],
    ['2026-11-22T11:00Z/2026-11-22T11:01Z', /its seconds are given/],
    ['1999-11-22T11:00:00Z/1999-11-22T11:01:00Z', /years are 2000 to 2100/],
    [`${START}/${START}`, /It must end after it starts/],
    [`${START}/2026-11-23T11:00:00.000001Z`, /a day at most/],
    ['2026-02-31T00:00:00Z/2026-03-01T00:00:00Z', /no such day/],
  ] as const) {
    assert.throws(() => windowFrom('--window', window), said, window);
  }
  for (const other of [
    ['--days', '1'],
    ['--since', START],
    ['--until', START],
  ]) {
    const words = ['--window', `${START}/2026-11-22T11:01:00Z`, ...other];
    assert.throws(() => windowFrom(...words), /--window says which rows/);
  }
});
