import type { KnownSchemas } from '../contracts/avro.ts';
import { DELIVERY_FLAGS } from '../contracts/deliveryFlags.ts';
import type { LogicalTopic } from '../contracts/fields.ts';
import { isKeyOf, isKeyOfWindow } from '../contracts/messageKey.ts';
import { normalisePayload } from '../contracts/normalise.ts';
import { openMessage } from '../contracts/openMessage.ts';
import type { Contract } from '../contracts/profile.ts';
import { type ControlTotal, KEY_OF, type LedgerEntry, type RecordOf } from '../contracts/records.ts';
import { CORE_VIOLATIONS, type Rejection, reject } from '../contracts/rejection.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import { PAYMENT_PAIRING } from '../pairing/rule.ts';
import type { Positioned } from '../precedence/precedence.ts';
import type { BrokerEvent } from './brokerEvent.ts';

/** An event that passed its contract, with everything that the batch needs of it. */
export interface AcceptedEvent<T extends LogicalTopic> extends Positioned<T> {
  readonly accepted: true;
  readonly event: BrokerEvent;
  readonly flags: number;
}

export interface RejectedEvent {
  readonly accepted: false;
  readonly event: BrokerEvent;
  readonly flags: number;
  readonly rejection: Rejection;
}

/** An event that holds no state of a record, and that the profile says to pass over (SPEC 2.4). */
export interface IgnoredEvent {
  readonly accepted: false;
  readonly event: BrokerEvent;
  readonly flags: 0;
  readonly rejection?: undefined;
}

export type PreparedEvent<T extends LogicalTopic> = AcceptedEvent<T> | RejectedEvent | IgnoredEvent;

/** Whether an event becomes a dead letter. */
export function isRejected(prepared: PreparedEvent<LogicalTopic>): prepared is RejectedEvent {
  return !prepared.accepted && prepared.rejection !== undefined;
}

export interface PreparationRules<T extends LogicalTopic> {
  readonly contract: Contract & { readonly logicalTopic: T };
  readonly maxClockSkew: Microseconds;
}

/**
 * Decodes and checks one event. Never throws for what is in it: what cannot be stored is a rejection, or ignored.
 * @param schemas those that events in Avro were written by.
 */
export function prepareEvent<T extends LogicalTopic>(
  rules: PreparationRules<T>,
  event: BrokerEvent,
  schemas?: KnownSchemas,
): PreparedEvent<T> {
  if (event.unreadable !== undefined) {
    return rejectedEvent(event, reject('unreadable_body', event.unreadable), 0);
  }
  const { contract, maxClockSkew } = rules;
  const message = openMessage(contract, event, schemas);
  if (message.kind === 'ignored') return { accepted: false, event, flags: 0 };
  if (message.kind === 'rejected') return rejectedEvent(event, message.rejection, 0);
  const clock = { enqueuedAt: event.enqueuedAt, maxClockSkew };
  const result = normalisePayload(contract, message.root, message.payload, clock);
  if (!result.accepted) {
    return rejectedEvent(event, result, result.aliasHit ? DELIVERY_FLAGS.aliasHit : 0);
  }
  return {
    accepted: true,
    event,
    record: result.record,
    position: event,
    flags: flagsOf(rules, event, result.record, result.aliasHit),
  };
}

/** A dead letter; `flags` are what is known of the event besides that. */
export function rejectedEvent(event: BrokerEvent, rejection: Rejection, flags: number): RejectedEvent {
  const violation = CORE_VIOLATIONS.has(rejection.reason) ? DELIVERY_FLAGS.coreViolation : 0;
  return { accepted: false, event, flags: flags | violation, rejection };
}

function flagsOf<T extends LogicalTopic>(
  { contract }: PreparationRules<T>,
  event: BrokerEvent,
  record: RecordOf<T>,
  aliasHit: boolean,
): number {
  let flags = 0;
  if (record.updatedAt === null && record.version === null) flags |= DELIVERY_FLAGS.versionMissing;
  if (aliasHit) flags |= DELIVERY_FLAGS.aliasHit;
  // No key at all says nothing about the order; another one says that the broker does not keep it.
  if (event.key !== null && !isKey(event.key, contract.logicalTopic, record)) {
    flags |= DELIVERY_FLAGS.keyMismatch;
  }
  if (contract.logicalTopic === 'ledger') {
    const { relatedId, relatedType } = record as LedgerEntry;
    if (relatedId === null) flags |= DELIVERY_FLAGS.relatedIdNull;
    if (relatedType !== null && relatedType !== PAYMENT_PAIRING.relatedType)
      flags |= DELIVERY_FLAGS.pairingSkipped;
  }
  return flags;
}

function isKey<T extends LogicalTopic>(key: string, topic: T, record: RecordOf<T>): boolean {
  if (topic !== 'control') return isKeyOf(key, KEY_OF[topic](record));
  const total = record as ControlTotal;
  return isKeyOfWindow(key, total.topic, total.windowStart);
}
