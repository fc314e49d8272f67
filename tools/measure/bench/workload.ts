import { randomUUID } from 'node:crypto';
import type { BrokerEvent } from '../../../shared/ingest/brokerEvent.ts';

/** When the first event is enqueued; microseconds. */
const START = Date.UTC(2026, 10, 22, 12) * 1000;

export type Ids = 'random' | 'ordered';

/** Ids as services make them: random (UUID v4), or growing with time (UUID v7 and the like). */
function idSource(ids: Ids): () => string {
  if (ids === 'random') return randomUUID;
  let counter = 0;
  const now = Date.now().toString(16).padStart(12, '0');
  return () => `${now}-${String(counter++).padStart(10, '0')}-${randomUUID().slice(0, 12)}`;
}

/** A partition that goes on where it stopped: what it gives has never been seen. */
export class BenchPartition {
  readonly number: number;
  #next = 0;

  constructor(number: number) {
    this.number = number;
  }

  event(body: object): BrokerEvent {
    const sequenceNumber = this.#next++;
    return {
      body: Buffer.from(JSON.stringify(body)),
      partition: this.number,
      sequenceNumber,
      enqueuedAt: START + sequenceNumber * 1000,
      offset: String(sequenceNumber),
      key: null,
      correlationId: null,
    };
  }
}

function ledgerBody(txId: string, orderId: string, type: string, number: number): object {
  return {
    tx_id: txId,
    wallet_id: `wallet-${number % 5000}-${txId.slice(0, 8)}`,
    entry_type: type,
    amount: `${1000 + (number % 100_000)}.50`,
    amount_signed: `-${1000 + (number % 100_000)}.50`,
    related_id: orderId,
    related_type: 'PAYMENT_ORDER',
    event_time: '2026-10-22T11:59:58.123Z',
    source_created_at: '2026-10-22T11:59:58.100Z',
    updated_at: '2026-10-22T11:59:58.200Z',
    version: 1,
    occurred_at: '2026-10-22T11:59:58.300Z',
    schema_version: '1.0',
  };
}

/**
 * Ledger events whose two legs lie in different partitions: with two partitions, each brings one leg of every
 * order; with one, the legs follow each other.
 */
export function ledgerEvents(
  partitions: readonly BenchPartition[],
  count: number,
  ids: Ids,
): BrokerEvent[][] {
  const nextId = idSource(ids);
  const events: BrokerEvent[][] = partitions.map(() => []);
  for (let number = 0; number < count; number += 2) {
    const orderId = nextId();
    const first = (number / 2) % partitions.length;
    const second = (first + 1) % partitions.length;
    events[first]!.push(partitions[first]!.event(ledgerBody(nextId(), orderId, 'PAYMENT', number)));
    events[second]!.push(partitions[second]!.event(ledgerBody(nextId(), orderId, 'RECEIVE', number)));
  }
  return events;
}

export function orderEvents(partitions: readonly BenchPartition[], count: number, ids: Ids): BrokerEvent[][] {
  const nextId = idSource(ids);
  const events: BrokerEvent[][] = partitions.map(() => []);
  for (let number = 0; number < count; number++) {
    const partition = number % partitions.length;
    const body = {
      order_id: nextId(),
      user_id: `user-${number % 10_000}`,
      merchant_name: 'Corner shop',
      amount: `${1000 + (number % 100_000)}.50`,
      status: 'PAID',
      created_at: '2026-10-22T11:59:58.123Z',
      updated_at: '2026-10-22T11:59:58.200Z',
      version: 1,
      occurred_at: '2026-10-22T11:59:58.300Z',
      schema_version: '1.0',
    };
    events[partition]!.push(partitions[partition]!.event(body));
  }
  return events;
}

export function inBatches<V>(values: readonly V[], size: number): V[][] {
  const batches: V[][] = [];
  for (let start = 0; start < values.length; start += size) batches.push(values.slice(start, start + size));
  return batches;
}
