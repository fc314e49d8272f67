import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { PartitionState } from '../../../shared/metrics/partitions.ts';
import { reachedBy } from '../../../shared/metrics/reached.ts';

const READ_AT = 5000;
const partition = (change: Partial<PartitionState> = {}): PartitionState => ({
  ...{ topic: 'ledger', partition: 0, epoch: 0, restarted: false, last: 9, waiting: undefined },
  ...{ lag: 0, lastEnqueuedAt: 1000, gap: undefined, ...change },
});
const reached = (...partitions: PartitionState[]) => reachedBy('ledger', partitions, READ_AT);

test('a hub is processed up to its slowest partition', () => {
  assert.equal(reached(partition()), READ_AT);
  assert.equal(reached(partition(), partition({ lag: 3, lastEnqueuedAt: 2000 })), 2000);
  assert.equal(reached(partition({ lag: 1 }), partition({ lag: 3, lastEnqueuedAt: 2000 })), 1000);
  assert.equal(reached(partition(), partition({ topic: 'other', lag: 3 })), READ_AT);
});

test('nobody knows how far a hub is processed that does not answer, has a gap, was recreated or where nothing was processed', () => {
  const gap = { first: 1, last: 2, events: 2 };
  for (const change of [
    { lag: undefined },
    { gap },
    { restarted: true },
    { lag: 2, lastEnqueuedAt: undefined },
    { lag: 2, lastEnqueuedAt: Number.NEGATIVE_INFINITY },
  ]) {
    assert.equal(reached(partition(), partition(change)), undefined, JSON.stringify(change));
  }
  assert.equal(reached(), undefined, 'no partition is known');
});
