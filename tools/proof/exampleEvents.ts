import assert from 'node:assert/strict';
import type pg from 'pg';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import {
  BUILT_IN_PROFILES,
  type Contract,
  parseProfile,
  topicNames,
} from '../../shared/contracts/profile.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import type { IngestRules } from '../../shared/ingest/ingest.ts';
import { type IngestSettings, ingestRules } from '../../shared/ingest/rules.ts';
import { schemaSource } from '../../shared/schemas/schemaSource.ts';
import { readPrivacy } from '../../shared/settings/privacySettings.ts';

const profile = parseProfile(BUILT_IN_PROFILES['canonical-v1'], 'canonical-v1');

/** What the environment says where it says nothing of the events. */
export const CANONICAL_SETTINGS: IngestSettings = {
  profile,
  topics: topicNames(profile),
  maxClockSkew: 300_000_000,
  privacy: readPrivacy({}, assert.fail),
  schemas: schemaSource({ files: new Map() }),
};

/** The rules that a function of the canonical profile has. */
export function rulesFor<T extends LogicalTopic>(
  database: pg.Pool,
  logicalTopic: T,
  change: Partial<Contract> = {},
): IngestRules<T> {
  const rules = ingestRules(CANONICAL_SETTINGS, database, logicalTopic);
  return { ...rules, contract: { ...rules.contract, ...change } as IngestRules<T>['contract'] };
}

/** 2026-11-22 12:00 UTC in microseconds: when the first event of a test is enqueued. */
export const START = Date.UTC(2026, 10, 22, 12) * 1000;

/** One partition of a hub: gives events their positions. */
export class Partition {
  readonly #partition: number;
  #next: number;
  constructor(partition = 0, firstNumber = 0) {
    this.#partition = partition;
    this.#next = firstNumber;
  }

  /** An event whose body is this object, or these bytes; enqueued a second after the one before it. */
  event(body: object | string | Buffer, change: Partial<BrokerEvent> = {}): BrokerEvent {
    const sequenceNumber = this.#next++;
    const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? Buffer.from(body as string) : undefined;
    return {
      body: bytes ?? Buffer.from(JSON.stringify(body)),
      partition: this.#partition,
      sequenceNumber,
      enqueuedAt: START + sequenceNumber * 1_000_000,
      offset: String(sequenceNumber * 512),
      key: null,
      correlationId: null,
      ...change,
    };
  }
}

export function entry(txId: string, change: object = {}): object {
  return {
    tx_id: txId,
    wallet_id: `wallet-of-${txId}`,
    entry_type: 'PAYMENT',
    amount: '100.00',
    related_id: 'order-1',
    event_time: '2026-11-22T11:00:00Z',
    updated_at: '2026-11-22T11:00:00Z',
    version: 1,
    ...change,
  };
}

export function order(orderId: string, change: object = {}): object {
  return {
    order_id: orderId,
    amount: '100.00',
    status: 'PAID',
    created_at: '2026-11-22T10:59:00Z',
    updated_at: '2026-11-22T11:00:00Z',
    version: 1,
    ...change,
  };
}

export function confirmation(orderId: string, change: object = {}): object {
  return {
    payment_order_id: orderId,
    payment_tx_id: 'p',
    receive_tx_id: 'r',
    payer_wallet_id: 'wallet-of-p',
    payee_wallet_id: 'wallet-of-r',
    amount: '100.00',
    updated_at: '2026-11-22T11:00:00Z',
    ...change,
  };
}

export function total(windowStart: string, change: object = {}): object {
  return {
    topic: 'ledger',
    window_start: windowStart,
    window_end: new Date(Date.parse(windowStart) + 60_000).toISOString(),
    row_count: 1,
    amount_sum: '100.00',
    generated_at: new Date(Date.parse(windowStart) + 61_000).toISOString(),
    version: 1,
    ...change,
  };
}
