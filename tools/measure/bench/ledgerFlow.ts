import { setTimeout as delay } from 'node:timers/promises';
import { EventHubProducerClient } from '@azure/event-hubs';
import type pg from 'pg';
import type { BrokerEvent } from '../../../shared/ingest/brokerEvent.ts';
import { padded } from '../../proof/synthetic/padded.ts';
import type { Bed } from './bed.ts';
import { type BenchPartition, ledgerEvents } from './workload.ts';

/** Events that are made at once: a million of them would not fit into the memory that they should. */
const CHUNK = 20_000;
const POLL_MS = 20;
const STALLED_AFTER_MS = 60_000;

/** Publishes new ledger entries, an even number, in the largest batches that the broker takes; padded by so many bytes each. */
export async function publishLedger(
  bed: Bed,
  partitions: readonly BenchPartition[],
  count: number,
  padding = 0,
): Promise<void> {
  const producer = new EventHubProducerClient(bed.eventHubs, bed.topics.ledger);
  try {
    for (let left = count; left > 0; left -= CHUNK) {
      const streams = ledgerEvents(partitions, Math.min(left, CHUNK), 'random');
      await Promise.all(
        streams.map((events, index) => send(producer, String(partitions[index]!.number), events, padding)),
      );
    }
  } finally {
    await producer.close();
  }
}

async function send(
  producer: EventHubProducerClient,
  partitionId: string,
  events: readonly BrokerEvent[],
  padding: number,
): Promise<void> {
  let batch = await producer.createBatch({ partitionId });
  for (const event of events) {
    const body = padding === 0 ? event.body : padded(event.body, padding);
    if (batch.tryAdd({ body })) continue;
    await producer.sendBatch(batch);
    batch = await producer.createBatch({ partitionId });
    batch.tryAdd({ body });
  }
  if (batch.count > 0) await producer.sendBatch(batch);
}

/** How many events were processed at a time of `performance.now()`. */
export interface Sample {
  readonly at: number;
  readonly processed: number;
}

/** Watches until that many ledger events are processed; returns the first sample with any, and the last. */
export async function watchUntil(
  client: pg.Client,
  topic: string,
  expected: number,
): Promise<{ first: Sample; last: Sample }> {
  let first: Sample | undefined;
  let last: Sample = { at: performance.now(), processed: 0 };
  for (;;) {
    const processed = await processedEvents(client, topic);
    const at = performance.now();
    if (processed > last.processed) {
      last = { at, processed };
      first ??= last;
    }
    if (first !== undefined && processed >= expected) return { first, last };
    if (at - last.at > STALLED_AFTER_MS) {
      throw new Error(`${processed} of ${expected} events were processed; then there was no progress.`);
    }
    await delay(POLL_MS);
  }
}

async function processedEvents(client: pg.Client, topic: string): Promise<number> {
  const { rows } = await client.query<{ processed: string }>(
    `SELECT coalesce(sum(upper(numbers) - lower(numbers)), 0) AS processed
     FROM sync.partitions CROSS JOIN unnest(seen) numbers WHERE topic = $1`,
    [topic],
  );
  return Number(rows[0]!.processed);
}

/** @throws where a number is missing, an event is not a row, or a payment's two legs are not a pair. */
export async function checkAllStored(client: pg.Client, topic: string, events: number): Promise<void> {
  const { rows } = await client.query(
    `SELECT (SELECT count(*)::int FROM sync.sequence_gaps) AS gaps,
       (SELECT sum(applied)::int FROM sync.hourly_counters WHERE topic = $1) AS applied,
       (SELECT count(*)::int FROM bo.ledger_entries) AS entries,
       (SELECT count(*)::int FROM bo.payment_ledger_pairs WHERE pairing_status = 'COMPLETE') AS pairs`,
    [topic],
  );
  const found = JSON.stringify(rows[0]);
  const wanted = JSON.stringify({ gaps: 0, applied: events, entries: events, pairs: events / 2 });
  if (found !== wanted) throw new Error(`The tables hold ${found} instead of ${wanted}.`);
}
