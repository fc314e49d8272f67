import { expect, test } from 'vitest';
import type { LedgerEntry } from '../../../shared/contracts/records.ts';
import { TimeShifts } from '../../../tools/operator/reconcile/timeShifts.ts';

const HOUR = 3_600_000_000;
const NOON = Date.UTC(2026, 10, 20, 12) * 1000;

/** Rows of one dump, each so many hours later than here. */
function shiftsOf(hours: readonly number[]) {
  const shifts = new TimeShifts('ledger');
  const entry = (eventTime: number) =>
    ({ eventTime, createdAt: null, updatedAt: null }) as unknown as LedgerEntry;
  for (const [index, later] of hours.entries()) {
    shifts.add(entry(NOON + index + later * HOUR), entry(NOON + index));
  }
  return shifts.found();
}

test.for([
  ['nine hours later', [9, 9, 9], '+9:00'],
  ['nine hours earlier', [-9, -9, -9, -9], '-9:00'],
  ['of a zone with a quarter', [5.75, 5.75, 5.75], '+5:45'],
  ['most of them', [9, 9, 9, 9, 0], '+9:00'],
] as const)('%s', ([, hours, offset]) => {
  expect(shiftsOf(hours)).toMatchObject([{ field: 'event_time', offset }]);
});

test.for([
  ['equal times', [0, 0, 0]],
  ['two rows are an accident', [9, 9]],
  ['each another distance', [9, 8, 7, 6]],
  ['no quarter of an hour', [0.1, 0.1, 0.1]],
  ['farther than any zone', [24, 24, 24]],
  ['most are equal', [9, 9, 9, 0, 0, 0]],
] as const)('no shift: %s', ([, hours]) => {
  expect(shiftsOf(hours)).toEqual([]);
});
