import assert from 'node:assert/strict';
import { test } from 'vitest';
import { costOf, PROFILES, type ProfileName, shortfalls, throughputUnits } from '../../../tools/cost/cost.ts';

const load = (eventsPerSecond: number) => ({ eventsPerSecond, bytes: 1000, hours: 730 });
const sum = (profile: ProfileName, rate: number) =>
  costOf(profile, load(rate)).reduce((total, { dollars }) => total + dollars, 0);

test('no line gets cheaper with more events, and the sum grows', () => {
  for (const profile of Object.keys(PROFILES) as ProfileName[]) {
    const [few, many] = [costOf(profile, load(100)), costOf(profile, load(1000))];
    for (const [index, { item, dollars }] of few.entries()) assert.ok(many[index]!.dollars >= dollars, item);
    assert.ok(sum(profile, 1000) > sum(profile, 100));
  }
});

test('a unit takes 1,000 events or 1 MB a second, whichever is reached first', () => {
  assert.deepEqual(
    [0, 1000, 1001].map((rate) => throughputUnits(load(rate))),
    [1, 1, 2],
  );
  assert.equal(throughputUnits({ ...load(1000), bytes: 3000 }), 3);
});

test('a load beyond the profile’s units is said, and not only priced', () => {
  assert.deepEqual(shortfalls('cloud-secure', load(10_000)), []);
  assert.match(shortfalls('cloud-secure', load(10_001))[0]!, /11 throughput units are needed.*allows 10/);
});
