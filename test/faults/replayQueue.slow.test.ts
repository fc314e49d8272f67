import assert from 'node:assert/strict';
import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

// A message is delivered five times before it is put aside, and an outage is waited out for half a minute at a time.

const SEED = 67;

describe(`the queue of replays, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    await bed.startHost();
    await bed.publish(500);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  const queue = (name: string) => new QueueClient(bed.cloud.azurite.connectionString, name);
  const send = (text: string) => queue('dlq-replay').sendMessage(Buffer.from(text).toString('base64'));

  it('a message that is no request ends in the poison queue, and the log says why', async () => {
    await send('{"select": {"dlq_ids": "all"}}');
    await until('the message is in the poison queue', 90_000, async () => {
      const poison = queue('dlq-replay-poison');
      if (!(await poison.exists())) return false;
      const { peekedMessageItems } = await poison.peekMessages();
      return peekedMessageItems.length === 1;
    });
    await bed.logged(/The replay request is not valid: select\.dlq_ids: .*requested_by: /);
    await bed.logged(/has been moved to the queue dlq-replay-poison/);
  });

  it('a request outlives an outage of the database, without the poison queue', async () => {
    await bed.cloud.postgres.stop();
    await send(JSON.stringify({ select: {}, force: true, requested_by: 'jo', request_id: 'outage' }));
    await bed.logged(/replay interrupted/);
    await bed.cloud.postgres.restart();
    await until('the request is done', 100_000, async () => {
      const { rows } = await bed.asAdmin((client) =>
        client.query("SELECT status FROM sync.replay_requests WHERE request_id = 'outage'"),
      );
      return rows[0]?.status === 'done';
    });
    const { peekedMessageItems } = await queue('dlq-replay-poison').peekMessages();
    assert.equal(peekedMessageItems.length, 1);
  });
});
