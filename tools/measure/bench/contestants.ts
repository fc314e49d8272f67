import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import type { BrokerEvent } from '../../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../../shared/ingest/ingest.ts';
import { withConnection } from '../../../shared/store/withConnection.ts';
import { rulesFor } from '../../proof/exampleEvents.ts';
import { BenchPartition, type Ids, inBatches, ledgerEvents } from './workload.ts';

/** Columns of bo.ledger_entries, and where an event has them: what the other contestants write. */
const COLUMNS = [
  ['tx_id', 'text'],
  ['wallet_id', 'text'],
  ['entry_type', 'text'],
  ['amount', 'numeric'],
  ['amount_signed', 'numeric'],
  ['related_id', 'text'],
  ['related_type', 'text'],
  ['event_time', 'timestamptz'],
  ['created_at', 'timestamptz'],
  ['updated_at', 'timestamptz'],
  ['source_version', 'bigint'],
  ['occurred_at', 'timestamptz'],
  ['schema_version', 'text'],
  ['source_enqueued_at', 'timestamptz'],
  ['source_partition', 'integer'],
  ['source_sequence', 'bigint'],
  ['ingested_at', 'timestamptz'],
] as const;

const names = COLUMNS.map(([name]) => name).join(', ');
const updates = COLUMNS.slice(1)
  .map(([name]) => `${name} = excluded.${name}`)
  .join(', ');

function valuesOf(event: BrokerEvent): unknown[] {
  const body = JSON.parse(event.body.toString('utf8')) as Record<string, unknown>;
  return [
    body['tx_id'],
    body['wallet_id'],
    body['entry_type'],
    body['amount'],
    body['amount_signed'],
    body['related_id'],
    body['related_type'],
    body['event_time'],
    body['source_created_at'],
    body['updated_at'],
    body['version'],
    body['occurred_at'],
    body['schema_version'],
    new Date(event.enqueuedAt / 1000).toISOString(),
    event.partition,
    event.sequenceNumber,
    '2026-11-22T12:00:00Z',
  ];
}

/** The limit: COPY of rows that were encoded beforehand, a command per batch. Returns what is timed. */
export function copyContestant(
  database: pg.Pool,
  streams: readonly (readonly BrokerEvent[])[],
  batch: number,
) {
  const encoded = streams.map((events) =>
    inBatches(events, batch).map((rows) =>
      Buffer.from(rows.map((event) => `${valuesOf(event).join('\t')}\n`).join('')),
    ),
  );
  return () =>
    eachOnItsConnection(database, encoded, async (client, rows) => {
      const target = client.query(copyFrom(`COPY bo.ledger_entries (${names}) FROM STDIN`));
      await pipeline([rows], target);
    });
}

/** What a good engineer writes in an afternoon: a batched upsert of arrays, no guard, no pairs, no ledger. */
export function unnestContestant(
  database: pg.Pool,
  streams: readonly (readonly BrokerEvent[])[],
  batch: number,
) {
  const parameters = COLUMNS.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
  const text = `INSERT INTO bo.ledger_entries (${names}) SELECT * FROM unnest(${parameters})
    ON CONFLICT (tx_id) DO UPDATE SET ${updates}`;
  const batches = streams.map((events) => inBatches(events, batch));
  return () =>
    eachOnItsConnection(database, batches, async (client, events) => {
      const rows = events.map(valuesOf);
      await client.query({
        name: 'unnest',
        text,
        values: COLUMNS.map((_, index) => rows.map((row) => row[index])),
      });
    });
}

/**
 * What the samples do: a statement, so a commit, for each event. They leave the statement without a name, so that the
 * server parses and plans it each time; `prepared` is what somebody who has measured it does.
 */
export function rowContestant(
  database: pg.Pool,
  streams: readonly (readonly BrokerEvent[])[],
  { prepared }: { prepared: boolean },
) {
  const text = `INSERT INTO bo.ledger_entries (${names}) VALUES (${COLUMNS.map((_, index) => `$${index + 1}`).join(', ')})
    ON CONFLICT (tx_id) DO UPDATE SET ${updates}`;
  return () =>
    eachOnItsConnection(database, streams, async (client, event) => {
      await client.query({ ...(prepared && { name: 'row' }), text, values: valuesOf(event) });
    });
}

/** This product's own ingest, from Buffers to commit; one stream a partition. */
export function ingestContestant(
  database: pg.Pool,
  topic: RecordTopic,
  streams: readonly (readonly BrokerEvent[])[],
  batch: number,
) {
  const batches = streams.map((events) => inBatches(events, batch));
  const rules = rulesFor(database, topic);
  return async () => {
    await Promise.all(
      batches.map(async (stream) => {
        for (const events of stream) await ingest(rules, events);
      }),
    );
  };
}

async function eachOnItsConnection<V>(
  pool: pg.Pool,
  streams: readonly (readonly V[])[],
  write: (client: pg.PoolClient, value: V) => Promise<void>,
): Promise<void> {
  await Promise.all(
    streams.map((stream) =>
      withConnection(pool, async (client) => {
        for (const value of stream) await write(client, value);
      }),
    ),
  );
}

/** Events that are made at once: millions of them would not fit into memory. */
const FILL_AT_ONCE = 100_000;

/** Fills the tables with that many entries and their pairs, by the product's own ingest, each leg in a partition of its own. */
export async function fillLedger(
  database: pg.Pool,
  rows: number,
  ids: Ids,
  progress: (done: number) => void = () => {},
): Promise<void> {
  for (let done = 0, part = 0; done < rows; done += FILL_AT_ONCE, part++) {
    progress(done);
    const fill = [new BenchPartition(100 + part * 2), new BenchPartition(101 + part * 2)];
    const events = ledgerEvents(fill, Math.min(FILL_AT_ONCE, rows - done), ids);
    await ingestContestant(database, 'ledger', events, 1000)();
  }
}
