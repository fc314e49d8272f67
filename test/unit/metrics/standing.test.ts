import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import type { HostCheckpoints } from '../../../shared/checkpoints/hostCheckpoints.ts';
import { EXPIRES_AFTER_SECONDS, readHolders } from '../../../shared/metrics/holders.ts';
import type { PartitionState } from '../../../shared/metrics/partitions.ts';
import { type Holder, isStuck, MOST_IN_A_BATCH, planStanding } from '../../../shared/metrics/standing.ts';
import type { StandingPartition } from '../../../shared/store/checkpoints/standingPartitions.ts';

const EVENT_HUBS = JSON.parse(readFileSync('host.json', 'utf8')).extensions.eventHubs;
const AT = { topic: 'ledger', partition: 2 };
const HOLDER: Holder = { ...AT, owner: 'host-a', isAlive: true, isKnown: true };
const stands = (change: Partial<StandingPartition> = {}): StandingPartition => ({
  ...{ ...AT, next: 100, owner: 'host-a', standsFor: 60, seenAgo: 30 },
  ...{ askedTo: null, askedAgo: null, movedAgo: null, moves: 0, ...change },
});
const waits = (from = 100, to = 5000): PartitionState => ({
  ...{ ...AT, lag: to - from + 1, last: to, waiting: { from, to } },
  ...{ epoch: 0, restarted: false, gap: undefined, lastEnqueuedAt: undefined },
});
const NOTHING_WAITS: PartitionState = { ...waits(), lag: 0, waiting: undefined };

/** What is asked for, and what is remembered of the one partition. */
function plan(
  before: StandingPartition | undefined,
  state: PartitionState,
  holder: Holder | undefined = HOLDER,
  lastAttemptAgo?: number,
) {
  const attempts = lastAttemptAgo === undefined ? [] : [{ ...AT, kind: 'slow', secondsAgo: lastAttemptAgo }];
  const { requests, standing } = planStanding(
    before ? [before] : [],
    [state],
    holder ? [holder] : [],
    attempts,
  );
  const asked = requests.map(({ select }) => [select.gap.from, select.gap.to]);
  return { asked, kept: standing[0] };
}

describe('a partition that stands', () => {
  it('is asked for from its next number on, as much as a batch may hold, and no more than there is', () => {
    const { asked, kept } = plan(stands(), waits());
    assert.deepEqual(asked, [[100, 1099]]);
    assert.deepEqual([kept?.askedTo, kept?.askedAgo], [1099, 0]);
    assert.deepEqual(plan(stands(), waits(100, 107)).asked, [[100, 107]]);
    assert.equal(MOST_IN_A_BATCH, EVENT_HUBS.maxEventBatchSize);
  });

  it('is not one that was seen for the first time, or has moved since', () => {
    const first = plan(undefined, waits());
    assert.deepEqual([first.asked, first.kept?.next, first.kept?.standsFor], [[], 100, 0]);
    const moved = plan(stands({ next: 90 }), waits());
    assert.deepEqual([moved.asked, moved.kept?.next, moved.kept?.standsFor], [[], 100, 0]);
    assert.equal(plan(stands(), NOTHING_WAITS).kept, undefined);
  });

  it('is not one that has stood for less than a host takes over from another', () => {
    assert.deepEqual(plan(stands({ standsFor: 44 }), waits()).asked, []);
    assert.equal(plan(stands({ standsFor: 44 }), waits()).kept?.standsFor, 44);
  });

  it('has a living host while its claim does not expire, and one that nobody ever held is known as such', async () => {
    assert.equal(EVENT_HUBS.partitionOwnershipExpirationInterval, `00:00:${EXPIRES_AFTER_SECONDS}`);
    const at = async (found: { owner: string; renewedAgo: number } | undefined) => {
      const checkpoints = { ownership: async () => found } as unknown as HostCheckpoints;
      const [{ owner, isAlive, isKnown } = HOLDER] = await readHolders(checkpoints, [stands()]);
      return [owner, isAlive, isKnown];
    };
    assert.deepEqual(await at({ owner: 'a', renewedAgo: EXPIRES_AFTER_SECONDS - 1 }), ['a', true, true]);
    assert.deepEqual(await at({ owner: 'a', renewedAgo: EXPIRES_AFTER_SECONDS }), ['a', false, true]);
    assert.deepEqual(await at({ owner: '', renewedAgo: 0 }), ['', false, true]);
    assert.deepEqual(await at(undefined), ['', false, false]);
  });

  it('is not one that no living host holds, or another one since', () => {
    const dead = plan(stands(), waits(), { ...HOLDER, isAlive: false });
    assert.deepEqual([dead.asked, dead.kept?.standsFor], [[], 0]);
    const taken = plan(stands(), waits(), { ...HOLDER, owner: 'host-b' });
    assert.deepEqual([taken.asked, taken.kept?.standsFor, taken.kept?.owner], [[], 0, 'host-b']);
  });

  it('is waited for longer where nobody can say who holds it', () => {
    const unknown = { ...HOLDER, owner: null };
    assert.deepEqual(plan(stands({ owner: null, standsFor: 89 }), waits(), unknown).asked, []);
    assert.deepEqual(plan(stands({ owner: null, standsFor: 90 }), waits(), unknown).asked, [[100, 1099]]);
  });

  it('is not one whose function was called lately: it fails, or waits', () => {
    assert.deepEqual(plan(stands({ standsFor: 3600 }), waits(), HOLDER, 179).asked, []);
    assert.deepEqual(plan(stands({ standsFor: 3600 }), waits(), HOLDER, 181).asked, [[100, 1099]]);
  });

  it('is not one that nobody has looked at for a while: an outage may have lain between', () => {
    const { asked, kept } = plan(stands({ seenAgo: 61 }), waits());
    assert.deepEqual([asked, kept?.standsFor], [[], 0]);
  });

  it('is not one of a recreated hub, or of a hub that does not answer', () => {
    assert.deepEqual(plan(stands(), { ...waits(), restarted: true }).asked, []);
    assert.deepEqual(
      plan(stands(), { ...waits(), lag: undefined, last: undefined, waiting: undefined }).asked,
      [],
    );
  });
});

describe('a partition whose repair was asked for', () => {
  const asked = (change: Partial<StandingPartition> = {}) =>
    stands({ askedTo: 1099, askedAgo: 20, ...change });

  it('is remembered until its checkpoint is moved, also when nothing waits any more', () => {
    for (const state of [waits(), waits(1100), NOTHING_WAITS]) {
      const { asked: again, kept } = plan(asked(), state);
      assert.deepEqual([again, kept?.askedTo], [[], 1099]);
    }
  });

  it('is forgotten with its hub: another one is there, and nobody could ever repair that', () => {
    const last = 200;
    const restarted = { ...waits(0, last), epoch: 1, restarted: true };
    for (const state of [restarted, waits(0, last), { ...NOTHING_WAITS, last }]) {
      const { asked: again, kept } = plan(asked({ next: 5001, askedTo: 6000, askedAgo: 241 }), state);
      assert.deepEqual([again, kept?.askedTo ?? null], [[], null]);
    }
    const outgrown = plan(asked({ next: 5001, askedTo: 6000 }), waits(0, 9000));
    assert.deepEqual([outgrown.kept?.next, outgrown.kept?.standsFor, outgrown.kept?.askedTo], [0, 0, null]);
    const unknown = { ...NOTHING_WAITS, lag: undefined, last: undefined };
    assert.equal(plan(asked({ next: 5001, askedTo: 6000 }), unknown).kept?.askedTo, 6000);
  });

  it('is asked for again while the repair is not done, after twice as long each time', () => {
    const minutes: number[] = [];
    for (let seconds = 30; seconds < 24 * 3600; seconds += 30) {
      if (plan(asked({ askedAgo: seconds }), waits()).asked.length > 0) minutes.push(seconds / 60);
    }
    assert.deepEqual(minutes, [2, 4, 8, 16, 32, 64, 128, 256, 360, 720, 1080]);
    assert.deepEqual(plan(asked({ askedAgo: 241 }), waits(1100)).asked, []);
  });

  it('is stuck after three minutes, or where it had to be set going five times', () => {
    assert.equal(isStuck(asked({ askedAgo: 180 })), false);
    assert.equal(isStuck(asked({ askedAgo: 181 })), true);
    assert.equal(isStuck(stands({ moves: 4 })), false);
    assert.equal(isStuck(stands({ moves: 5 })), true);
  });

  it('that was moved and stands again is asked for sooner, and forgotten after ten minutes without', () => {
    assert.deepEqual(plan(stands({ movedAgo: 30, moves: 1, standsFor: 24 }), waits()).asked, []);
    const again = plan(stands({ movedAgo: 30, moves: 1, standsFor: 25 }), waits());
    assert.deepEqual([again.asked, again.kept?.moves], [[[100, 1099]], 1]);
    assert.equal(plan(stands({ movedAgo: 599, moves: 1 }), NOTHING_WAITS).kept?.moves, 1);
    assert.equal(plan(stands({ movedAgo: 601, moves: 1 }), NOTHING_WAITS).kept, undefined);
  });
});
