import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { HeldPartition } from '../../../shared/metrics/brokerState.ts';
import { planRepairs } from '../../../shared/metrics/gapRepair.ts';
import { type PartitionState, partitionStates } from '../../../shared/metrics/partitions.ts';
import type { PartitionLedger } from '../../../shared/store/metrics/readLedger.ts';

const AT = { topic: 'ledger', partition: 0 };
const ledger = (change: Partial<PartitionLedger>): PartitionLedger => ({
  ...AT,
  epoch: 0,
  firstSeen: 0,
  lastSeen: 9,
  lastEnqueuedAt: 0,
  gapEvents: 0,
  gapFirst: null,
  gapLast: null,
  ...change,
});
const held = (change: Partial<HeldPartition>): HeldPartition => ({
  ...AT,
  beginning: 0,
  last: 9,
  isEmpty: false,
  ...change,
});
const stateOf = (seen: PartitionLedger[], holds: HeldPartition[]): PartitionState => {
  const reading = { partitions: holds, createdAt: new Map(), unreachable: new Map<string, string>() };
  return partitionStates(seen, reading, ['ledger'])[0]!;
};

describe('the state of a partition', () => {
  it('has as lag what the broker has beyond the last number that was processed', () => {
    assert.equal(stateOf([ledger({})], [held({ last: 12 })]).lag, 3);
    assert.equal(stateOf([ledger({})], [held({})]).lag, 0);
    assert.equal(stateOf([], [held({})]).lag, 10, 'nothing was processed yet');
    assert.equal(stateOf([], [held({ beginning: 4 })]).lag, 6, 'numbers below 4 are past their retention');
    assert.equal(stateOf([ledger({})], [held({ beginning: 20, last: 25 })]).lag, 6);
  });

  it('has no lag where the partition is empty, and an unknown one without a broker', () => {
    assert.equal(stateOf([], [held({ isEmpty: true, last: -1 })]).lag, 0);
    assert.equal(stateOf([ledger({})], [held({ isEmpty: true, beginning: 10 })]).lag, 0);
    const unknown = stateOf([ledger({})], []);
    assert.deepEqual([unknown.lag, unknown.restarted], [undefined, undefined]);
  });

  it('is that of a recreated hub where the last number lies below what was processed', () => {
    const state = stateOf([ledger({})], [held({ last: 4 })]);
    assert.deepEqual([state.restarted, state.lag, state.gap], [true, 5, undefined]);
    assert.equal(stateOf([ledger({})], [held({})]).restarted, false);
    const empty = stateOf([ledger({})], [held({ isEmpty: true, last: -1 })]);
    assert.deepEqual([empty.restarted, empty.lag], [true, 0]);
  });

  it('has the holes of the ledger as its gap, and what the hub holds before the first number', () => {
    const hole = { gapEvents: 2, gapFirst: 5, gapLast: 7 };
    assert.deepEqual(stateOf([ledger(hole)], []).gap, { first: 5, last: 7, events: 2 });
    assert.deepEqual(stateOf([ledger({ ...hole, firstSeen: 3 })], [held({ beginning: 1 })]).gap, {
      first: 1,
      last: 7,
      events: 4,
    });
    assert.deepEqual(stateOf([ledger({ firstSeen: 3 })], [held({})]).gap, { first: 0, last: 2, events: 3 });
    assert.equal(stateOf([ledger({ firstSeen: 3 })], [held({ beginning: 3 })]).gap, undefined);
    assert.equal(stateOf([ledger({ firstSeen: 3 })], [held({ isEmpty: true })]).gap, undefined);
  });
});

describe('repairs of gaps', () => {
  const gap = (first: number, last: number): PartitionState => ({
    ...AT,
    lag: 0,
    last: 9,
    waiting: undefined,
    lastEnqueuedAt: 0,
    epoch: 0,
    restarted: false,
    gap: { first, last, events: last - first + 1 },
  });
  const later = (repairs: ReturnType<typeof planRepairs>['repairs'], seconds: number) =>
    repairs.map((repair) => ({ ...repair, dueIn: repair.dueIn - seconds }));

  it('are asked for once a minute has passed, then with back-off', () => {
    let { requests, repairs } = planRepairs([], [gap(3, 7)]);
    assert.deepEqual(requests, []);
    const askedAt: number[] = [];
    for (let minute = 1; minute <= 60; minute++) {
      ({ requests, repairs } = planRepairs(later(repairs, 60), [gap(3, 7)]));
      if (requests.length > 0) askedAt.push(minute);
    }
    assert.deepEqual(askedAt, [1, 6, 16, 36]);
    assert.deepEqual(planRepairs(later(repairs, 1e6), [gap(3, 7)]).requests, [
      {
        select: { gap: { topic: 'ledger', partition: 0, from: 3, to: 7 } },
        requested_by: 'syncMetrics',
      },
    ]);
  });

  it('of a gap that grows are not put off for ever, and its new numbers not for hours', () => {
    let { repairs } = planRepairs([], [gap(3, 7)]);
    let asked = 0;
    for (let second = 10; second <= 60; second += 10) {
      const plan = planRepairs(later(repairs, 10), [gap(3, 7 + second)]);
      repairs = plan.repairs;
      asked += plan.requests.length;
    }
    assert.equal(asked, 1);
    const old = { ...AT, first: 3, last: 7, attempts: 9, dueIn: 20_000 };
    assert.deepEqual(planRepairs([old], [gap(3, 9)]).repairs, [
      { ...AT, first: 3, last: 9, attempts: 0, dueIn: 60 },
    ]);
  });

  it('are forgotten when the gap is gone', () => {
    const { repairs } = planRepairs([], [gap(3, 7)]);
    assert.deepEqual(planRepairs(repairs, [{ ...gap(3, 7), gap: undefined }]), { requests: [], repairs: [] });
  });
});
