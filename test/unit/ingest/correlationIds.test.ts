import assert from 'node:assert/strict';
import { test } from 'vitest';
import { correlationIds } from '../../../shared/ingest/correlationIds.ts';
import { rejectedEvent } from '../../../shared/ingest/prepare.ts';
import { Partition } from '../../../tools/proof/exampleEvents.ts';

test('the log line of a batch names its dead letters first, each id once, and not a thousand of them', () => {
  const partition = new Partition();
  const event = (correlationId: string | null) => partition.event({}, { correlationId });
  const rejected = rejectedEvent(event('bad'), { accepted: false, reason: 'not_json', detail: '' }, 0);
  const events = [event('a'), event(null), event('a'), event('b'), rejected.event];
  assert.deepEqual(correlationIds(events, [rejected]), ['bad', 'a', 'b']);
  assert.deepEqual(correlationIds([], []), []);
  const many = Array.from({ length: 1000 }, (_, index) => event(`id-${index}`));
  assert.equal(correlationIds(many, [rejected]).length, 20);
});
