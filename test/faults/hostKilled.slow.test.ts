import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { FaultBed } from './faultBed.ts';

const SEED = 51;

describe(`a host is killed at a checkpoint, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(200);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  /** Events of one partition: nothing else is under way when its checkpoint is held. */
  const publishToOnePartition = async (count: number) => {
    const events = bed.nextEvents(4 * count).filter(({ topic }) => topic === 'ledger');
    await bed.publishEvents(events.slice(0, count).map((event) => ({ ...event, key: 'one' })));
  };

  it('after the commit, before the checkpoint: the batch is delivered again and changes nothing', async () => {
    const before = await bed.redelivered();
    const held = bed.storage.holdCheckpoint('before it is stored');
    await bed.publish(300);
    // The host asks for it when the batch is committed.
    const checkpoint = await held;
    bed.host.killAll();
    checkpoint.drop();
    await bed.untilRedelivered(before);
    await bed.publish(50);
    await bed.caughtUp();
    await bed.assertExact({ hostRestarts: 1 });
  });

  it('after the checkpoint, before the next batch: nothing is left out, nothing delivered again', async () => {
    const before = await bed.progress();
    const held = bed.storage.holdCheckpoint('after it was stored');
    await publishToOnePartition(40);
    const checkpoint = await held;
    const stored = await bed.progress();
    assert(stored.consumed > before.consumed);
    await publishToOnePartition(40);
    bed.host.killAll();
    checkpoint.drop();
    await bed.caughtUp();
    await bed.assertExact({ hostRestarts: 2 });
    assert.equal(await bed.redelivered(), stored.redelivered);
  });
});
