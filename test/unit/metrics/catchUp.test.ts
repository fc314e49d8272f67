import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { planCatchUp } from '../../../shared/metrics/catchUp.ts';
import type { PartitionState } from '../../../shared/metrics/partitions.ts';
import type { CatchUp } from '../../../shared/store/metrics/catchUps.ts';

const AT = { topic: 'ledger', partition: 2 };
const LEFT = [{ ...AT, forgotten: false }];
const waits = (from: number, to: number, change: Partial<PartitionState> = {}): PartitionState => ({
  ...{ ...AT, lag: to - from + 1, last: to, waiting: { from, to } },
  ...{ epoch: 1, restarted: false, gap: undefined, lastEnqueuedAt: undefined, ...change },
});
const askedFor = (change: Partial<CatchUp> = {}): CatchUp => ({
  ...{ ...AT, next: 10, askedTo: 19, askedAgo: 30, seenAgo: 30, ...change },
});

function plan(known: CatchUp[], state: PartitionState, recreated: string[] = [], former = LEFT) {
  const { requests, catchUps } = planCatchUp(known, [state], recreated, former);
  return { asked: requests.map(({ select }) => [select.gap.from, select.gap.to]), kept: catchUps[0] };
}

describe('the events of a hub that was recreated', () => {
  it('are asked for once, with what was passed over', () => {
    const gap = { first: 0, last: 4, events: 5 };
    assert.deepEqual(plan([], waits(10, 19, { gap }), ['ledger'], []).asked, [
      [0, 4],
      [10, 19],
    ]);
    assert.deepEqual(plan([askedFor()], waits(10, 19), [], []), { asked: [], kept: undefined });
    assert.deepEqual(plan([], waits(10, 19), ['orders'], []).asked, []);
  });

  it('are asked for as they come where its former checkpoint stays', () => {
    const first = plan([], waits(10, 19));
    assert.deepEqual([first.asked, first.kept], [[[10, 19]], askedFor({ askedAgo: 0, seenAgo: 0 })]);
    assert.deepEqual(plan([askedFor()], waits(10, 24)).asked, [[20, 24]]);
    assert.deepEqual(plan([askedFor()], waits(15, 24)).asked, [[20, 24]]);
    assert.deepEqual(plan([askedFor()], waits(20, 24)).asked, [[20, 24]]);
    assert.deepEqual(plan([askedFor()], waits(10, 19)).asked, []);
  });

  it('that do not come are asked for again with back-off', () => {
    assert.deepEqual(plan([askedFor({ askedAgo: 119 })], waits(10, 19)).asked, []);
    assert.deepEqual(plan([askedFor({ askedAgo: 121 })], waits(10, 19)).asked, [[10, 19]]);
    assert.deepEqual(plan([askedFor({ askedAgo: 181 })], waits(10, 19)).asked, []);
    assert.equal(plan([askedFor({ askedAgo: 121 })], waits(11, 19)).kept?.askedAgo, 0);
  });
});
