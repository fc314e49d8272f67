import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventHubProducerClient } from '@azure/event-hubs';
import { entry, total } from '../../proof/exampleEvents.ts';
import type { LocalCloud } from '../cloud.ts';
import { finds, type Incident } from './incident.ts';

const nothingToUndo = async () => {};

/** Hands a producer of a hub, the ledger's unless another is named, to somebody. */
async function withProducer(
  { emulator, settings }: LocalCloud,
  send: (producer: EventHubProducerClient) => Promise<void>,
  hub = settings.topics.ledger,
): Promise<void> {
  const producer = new EventHubProducerClient(emulator.connectionString, hub);
  try {
    await send(producer);
  } finally {
    await producer.close();
  }
}

/** Numbers that go missing: few enough that the local cloud has them after seconds. */
const MISSING = 20;

export const gap: Incident = {
  meaning:
    `The last ${MISSING} events of a partition were delivered past the functions: no row, no trace, and the repair that the timer has ` +
    'asked for is due in an hour only.',
  runbook: 'docs/runbooks/filling-a-gap.md',
  async make({ cloud, client }) {
    const { rows } = await client.query<{ partition: number; first: string; last: string }>(
      `WITH longest AS (SELECT topic, partition, upper(seen) AS after FROM sync.partitions WHERE topic = $1 ORDER BY upper(seen) DESC LIMIT 1),
         taken AS (UPDATE sync.partitions p SET seen = seen - int8multirange(int8range(after - 1 - $2, after - 1))
           FROM longest l WHERE p.topic = l.topic AND p.partition = l.partition
           RETURNING p.topic, p.partition, after - 1 - $2 AS first, after - 2 AS last),
         asked AS (INSERT INTO sync.gap_repairs (topic, partition, first_number, last_number, attempts, due_at)
           SELECT topic, partition, first, last, 3, now() + interval '1 hour' FROM taken
           ON CONFLICT (topic, partition) DO UPDATE SET first_number = excluded.first_number,
             last_number = excluded.last_number, attempts = excluded.attempts, due_at = excluded.due_at),
         rows AS (DELETE FROM bo.ledger_entries e USING taken t
           WHERE e.source_partition = t.partition AND e.source_sequence BETWEEN t.first AND t.last)
       SELECT partition, first, last FROM taken`,
      [cloud.settings.topics.ledger, MISSING],
    );
    const [taken] = rows;
    if (taken === undefined) throw new Error('No partition of the ledger has events yet.');
    return {
      isOver: async () => !(await finds(client, 'SELECT FROM sync.sequence_gaps')),
      undo: nothingToUndo,
    };
  },
};

/** The keys of the events whose clock is ahead begin like this. */
const AHEAD = 'incident-ahead-';

export const deadLetters: Incident = {
  meaning:
    'The clock of a producer is an hour ahead: 20 of its events are dead letters (timestamp_in_future).',
  runbook: 'docs/runbooks/replaying-dead-letters.md',
  async make({ cloud, client }) {
    const now = new Date();
    const ahead = new Date(now.getTime() + 3_600_000).toISOString();
    await withProducer(cloud, async (producer) => {
      const ids = Array.from({ length: 20 }, (_, index) => `${AHEAD}${now.getTime()}-${index}`);
      const bodies = ids.map((id) =>
        entry(id, { related_id: null, event_time: now.toISOString(), updated_at: ahead }),
      );
      await producer.sendBatch(
        bodies.map((body) => ({ body: Buffer.from(JSON.stringify(body)) })),
        { partitionId: '0' },
      );
    });
    return {
      isOver: async () =>
        (await finds(client, 'SELECT FROM bo.ledger_entries WHERE starts_with(tx_id, $1)', [
          `${AHEAD}${now.getTime()}`,
        ])) &&
        !(await finds(
          client,
          `SELECT FROM bo.consumer_dlq_events WHERE error = 'timestamp_in_future' AND resolved_at IS NULL`,
        )),
      undo: nothingToUndo,
    };
  },
};

export const poison: Incident = {
  meaning:
    'An event has an AMQP value for a body: the Functions host can not hand it over, and its partition stands.',
  runbook: 'docs/runbooks/alerts/partition-stuck.md',
  async make({ cloud, client }) {
    const { rows } = await client.query<{ latest: string }>(
      'SELECT coalesce(max(audit_id), 0) AS latest FROM sync.audit_log',
    );
    await withProducer(cloud, (producer) =>
      producer.sendBatch([{ body: 42, bodyType: 'value' }], { partitionId: '0' }),
    );
    return {
      isOver: () =>
        finds(client, `SELECT FROM sync.audit_log WHERE action = 'checkpoint skip' AND audit_id > $1`, [
          rows[0]!.latest,
        ]),
      undo: nothingToUndo,
    };
  },
};

export const hubRecreated: Incident = {
  meaning:
    'The hubs were deleted and made again: their numbers start at 0, and the checkpoints are those of the former ones.',
  runbook: 'docs/runbooks/hub-recreated.md',
  async make({ cloud, client }) {
    const { rows } = await client.query<{ epochs: string }>(
      'SELECT count(*) AS epochs FROM sync.closed_epochs',
    );
    const { rows: read } = await client.query<{ partitions: string }>(
      'SELECT count(*) AS partitions FROM sync.partitions',
    );
    cloud.emulator.kill('SIGKILL');
    // Before it is started again, which is not in this turn of the event loop.
    rmSync(join(cloud.stateDirectory, 'event-hubs', 'data'), { recursive: true, maxRetries: 5 });
    const closed = Number(rows[0]!.epochs) + Number(read[0]!.partitions);
    return {
      isOver: async () =>
        (await finds(client, 'SELECT count(*) FROM sync.closed_epochs HAVING count(*) >= $1', [closed])) &&
        !(await finds(client, 'SELECT FROM sync.sequence_gaps')),
      undo: nothingToUndo,
    };
  },
};

/** Rows of a window that its source has, and of these that it never sends. */
const COUNTED = 100;
const UNSENT = 20;

export const sourceLoss: Incident = {
  meaning:
    `A source has ${COUNTED} rows of a minute, and ${UNSENT} of them never reach the broker: no gap, no lag, no dead letter; its control total ` +
    "says so. The dump that it makes of this window is source-loss.ndjson, in the folder of the local cloud's state (.local).",
  runbook: 'docs/runbooks/alerts/source-incomplete.md',
  async make({ cloud, client }) {
    const { ledger, control } = cloud.settings.topics;
    if (control === '') throw new Error('CONTROL_TOPIC is empty: nobody compares what a source has counted.');
    // No other row is of that time; those of end-to-end tests are of long ago.
    const { rows } = await client.query<{ start: Date }>(
      `SELECT date_trunc('minute', min(created_at)) - interval '1 day' AS start FROM bo.ledger_entries
       WHERE created_at > now() - interval '10 years'`,
    );
    const { start } = rows[0]!;
    const bodies = Array.from({ length: COUNTED }, (_, index) => {
      const time = new Date(start.getTime() + index * 500).toISOString();
      const id = `incident-loss-${start.getTime()}-${index}`;
      return JSON.stringify(
        entry(id, { related_id: null, event_time: time, source_created_at: time, updated_at: time }),
      );
    });
    const dump = join(cloud.stateDirectory, 'source-loss.ndjson');
    writeFileSync(dump, bodies.map((body) => `${body}\n`).join(''));
    await withProducer(cloud, (producer) =>
      producer.sendBatch(
        bodies.slice(UNSENT).map((body) => ({ body: Buffer.from(body) })),
        { partitionId: '0' },
      ),
    );
    const counted = total(start.toISOString(), {
      row_count: COUNTED,
      amount_sum: `${COUNTED * 100}.00`,
      generated_at: new Date().toISOString(),
    });
    await withProducer(
      cloud,
      (producer) =>
        producer.sendBatch([{ body: Buffer.from(JSON.stringify(counted)) }], {
          partitionKey: `ledger|${start.toISOString()}`,
        }),
      control,
    );
    return {
      isOver: () =>
        finds(
          client,
          `SELECT FROM bo.control_totals WHERE topic = $1 AND window_start = $2 AND state = 'matched'`,
          [ledger, start],
        ),
      undo: async () => rmSync(dump, { force: true }),
    };
  },
};
