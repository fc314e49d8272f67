import assert from 'node:assert/strict';
import { test } from 'vitest';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import type { LogicalTopic } from '../../../shared/contracts/fields.ts';
import { normalise } from '../../../shared/contracts/normalise.ts';
import {
  BUILT_IN_PROFILES,
  contractOf,
  type Profile,
  parseProfile,
} from '../../../shared/contracts/profile.ts';

const canonical = parseProfile(BUILT_IN_PROFILES['canonical-v1'], 'canonical-v1');
const enqueuedAt = Date.UTC(2026, 10, 22, 12) * 1000;

function read(topic: LogicalTopic, payload: object | string, profile: Profile = canonical) {
  const decoded = decodeBody(Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)));
  assert.ok(decoded.accepted);
  const contract = contractOf(profile, topic, 'hub');
  return normalise(contract, decoded.object, { enqueuedAt, maxClockSkew: 300_000_000 });
}

function reason(topic: LogicalTopic, payload: object | string, profile?: Profile): string {
  const result = read(topic, payload, profile);
  return result.accepted ? 'accepted' : `${result.reason}: ${result.detail.split(':')[0]}`;
}

const entry = {
  tx_id: 'tx-1',
  wallet_id: 'wallet-1',
  entry_type: 'PAYMENT',
  amount: '12.50',
  event_time: '2026-11-22T11:59:00Z',
};
const order = { order_id: 'o-1', amount: 5, status: 'PAID', created_at: '2026-11-22T11:59:00Z' };
const confirmation = {
  payment_order_id: 'o-1',
  payment_tx_id: 'p',
  receive_tx_id: 'r',
  payer_wallet_id: 'a',
  payee_wallet_id: 'b',
  amount: 5,
  updated_at: '2026-11-22T11:59:00Z',
};

test('a full ledger event becomes a typed record', () => {
  const result = read('ledger', {
    ...entry,
    tx_id: 42,
    wallet_id: '  wallet-1\u00a0',
    amount_signed: '-12.50',
    related_id: 'o-1',
    related_type: 'PAYMENT_ORDER',
    reverses_tx_id: 41,
    currency: 'KRW',
    source_created_at: '2026-11-22T11:58:00.5Z',
    updated_at: '2026-11-22T11:59:00Z',
    version: '7',
    occurred_at: 1795348800000,
    schema_version: 1,
    unknown: { ignored: true },
  });
  assert.ok(result.accepted);
  assert.deepEqual(result.record, {
    txId: '42',
    walletId: 'wallet-1',
    entryType: 'PAYMENT',
    amount: '12.50',
    amountSigned: '-12.50',
    relatedId: 'o-1',
    relatedType: 'PAYMENT_ORDER',
    reversesTxId: '41',
    currency: 'KRW',
    eventTime: enqueuedAt - 60_000_000,
    sourceCreatedAt: enqueuedAt - 119_500_000,
    updatedAt: enqueuedAt - 60_000_000,
    version: 7n,
    occurredAt: 1795348800000000,
    schemaVersion: '1',
  });
  assert.equal(result.aliasHit, false);
});

test('missing, null and blank optional fields are null', () => {
  const result = read('payment_order', { ...order, user_id: null, merchant_name: '  ' });
  assert.ok(result.accepted);
  assert.equal(result.record.updatedAt, null);
  assert.deepEqual(
    { ...result.record },
    {
      orderId: 'o-1',
      userId: null,
      merchantName: null,
      amount: '5',
      status: 'PAID',
      createdAt: enqueuedAt - 60_000_000,
      updatedAt: null,
      version: null,
      occurredAt: null,
      schemaVersion: null,
    },
  );
});

test('event_time falls back to source_created_at, which is not an alias of it', () => {
  const { event_time, ...rest } = entry;
  const created = '2026-11-22T10:00:00Z';
  const both = read('ledger', { ...entry, source_created_at: created });
  assert.ok(both.accepted && 'eventTime' in both.record);
  assert.equal(both.record.eventTime, enqueuedAt - 60_000_000);
  const fallback = read('ledger', { ...rest, source_created_at: created });
  assert.ok(fallback.accepted && 'eventTime' in fallback.record);
  assert.equal(fallback.record.eventTime, enqueuedAt - 7_200_000_000);
  assert.equal(fallback.record.sourceCreatedAt, fallback.record.eventTime);
  assert.equal(reason('ledger', rest), 'core_missing: event_time');
  assert.equal(reason('ledger', { ...rest, source_created_at: 'x' }), 'core_invalid: source_created_at');
  assert.equal(
    reason('ledger', { ...entry, event_time: 'x', source_created_at: created }),
    'core_invalid: event_time',
  );
  assert.equal(reason('ledger', { ...entry, source_created_at: 'x' }), 'field_invalid: source_created_at');
});

test('aliases are read, counted, and have to agree by value', () => {
  const { entry_type, ...rest } = entry;
  const aliased = read('ledger', { ...rest, type: 'RECEIVE', created_at: '2026-11-22T10:00:00Z' });
  assert.ok(aliased.accepted && 'entryType' in aliased.record);
  assert.equal(aliased.record.entryType, 'RECEIVE');
  assert.equal(aliased.aliasHit, true);
  assert.equal(reason('ledger', { ...entry, type: 'PAYMENT ' }), 'accepted');
  assert.equal(reason('ledger', { ...entry, type: null }), 'accepted');
  assert.equal(reason('ledger', { ...entry, type: 'payment' }), 'alias_conflict: entry_type');
  assert.equal(reason('ledger', { ...entry, version: 1, source_version: '1' }), 'accepted');
  assert.equal(reason('ledger', { ...entry, version: 1, source_version: 2 }), 'alias_conflict: version');
  assert.equal(reason('ledger', { ...entry, version: 1, source_version: 'x' }), 'field_invalid: version');
  const times = { source_created_at: '2026-11-22T10:00:00Z', created_at: '2026-11-22T19:00:00+0900' };
  assert.equal(reason('ledger', { ...entry, ...times }), 'accepted');
});

test('every core field is required, and the first fault in the order of the rules names the event', () => {
  for (const [topic, payload] of [
    ['ledger', entry],
    ['payment_order', order],
    ['pair', confirmation],
  ] as const) {
    assert.equal(reason(topic, payload), 'accepted');
    for (const field of Object.keys(payload)) {
      assert.equal(reason(topic, { ...payload, [field]: null }), `core_missing: ${field}`);
      assert.equal(reason(topic, { ...payload, [field]: ' ' }), `core_missing: ${field}`);
      assert.equal(reason(topic, { ...payload, [field]: [] }), `core_invalid: ${field}`);
    }
  }
  const all = { ...entry, tx_id: [], amount: null, occurred_at: 'x', updated_at: '2099-01-01T00:00:00Z' };
  const conflicting = { ...all, version: 1, source_version: 2 };
  assert.equal(
    reason('ledger', { ...conflicting, schema_version: '2' }),
    'unsupported_schema_version: schema_version',
  );
  assert.equal(reason('ledger', conflicting), 'alias_conflict: version');
  assert.equal(reason('ledger', all), 'core_missing: amount');
  assert.equal(reason('ledger', { ...all, amount: 1 }), 'core_invalid: tx_id');
  assert.equal(reason('ledger', { ...all, amount: 1, tx_id: 1 }), 'field_invalid: occurred_at');
  assert.equal(
    reason('ledger', { ...all, amount: 1, tx_id: 1, occurred_at: null }),
    'timestamp_in_future: updated_at',
  );
});

test('updated_at may be ahead of the enqueue time by the clock skew, and no more', () => {
  const ahead = (seconds: number) => new Date(enqueuedAt / 1000 + seconds * 1000).toISOString();
  assert.equal(reason('payment_order', { ...order, updated_at: ahead(300) }), 'accepted');
  assert.equal(
    reason('payment_order', { ...order, updated_at: ahead(300.001) }),
    'timestamp_in_future: updated_at',
  );
  assert.equal(reason('payment_order', { ...order, created_at: ahead(90_000) }), 'accepted');
});

test('details name fields and rules, never values', () => {
  const result = read('ledger', { ...entry, amount: '4111-1111-1111-1111' });
  assert.ok(!result.accepted);
  assert.doesNotMatch(result.detail, /4111/);
});

test('a profile maps names, opens an envelope and sets zone and order', () => {
  const profile = structuredClone(canonical);
  Object.assign(profile.topics.ledger, {
    envelope: ['payload', 'after'],
    aliases: { tx_id: ['ENTRY_ID'], amount: ['amt'] },
    time_zone: 'Asia/Seoul',
    precedence: ['version', 'updated_at'],
  });
  const checked = parseProfile(profile, 'test');
  assert.equal(contractOf(checked, 'ledger', 'hub').versionFirst, true);
  const payload = {
    ENTRY_ID: 'x',
    wallet_id: 'w',
    entry_type: 'PAYMENT',
    amt: 1,
    event_time: '2026-11-22T09:00:00',
  };
  const result = read('ledger', { payload: { after: payload } }, checked);
  assert.ok(result.accepted && 'txId' in result.record);
  assert.equal(result.record.txId, 'x');
  assert.equal(result.record.eventTime, Date.UTC(2026, 10, 22, 0) * 1000);
  const nowhere = 'core_missing: the envelope path payload.after leads nowhere';
  for (const body of [
    {},
    { payload: null },
    { payload: { after: null } },
    { payload: { after: [payload] } },
  ]) {
    assert.equal(reason('ledger', body, checked), nowhere);
  }
});

test('a profile with mistakes is refused, and every mistake is named with its path', () => {
  const profile: Record<string, unknown> = structuredClone(canonical);
  const topics = profile['topics'] as Record<string, Record<string, unknown>>;
  topics['ledger']!['core'] = ['tx_id'];
  topics['ledger']!['aliases'] = { amount: ['tx_id'], nonsense: ['x'] };
  topics['payment_order']!['time_zone'] = 'Mars/Olympus';
  topics['pair']!['precedence'] = ['version'];
  assert.throws(
    () => parseProfile(profile, 'broken.json'),
    (error: Error) => {
      for (const part of ['broken.json', 'nonsense', 'payment_order.time_zone', 'pair.precedence']) {
        assert.ok(error.message.includes(part), `${part} in ${error.message}`);
      }
      return true;
    },
  );
  topics['ledger']!['aliases'] = { amount: ['tx_id'] };
  topics['payment_order']!['time_zone'] = 'UTC';
  topics['pair']!['precedence'] = ['version', 'updated_at'];
  assert.throws(
    () => parseProfile(profile, 'x'),
    /"tx_id" is already a name of tx_id.*must include wallet_id/s,
  );
});

test('both built-in profiles are valid', () => {
  for (const [id, data] of Object.entries(BUILT_IN_PROFILES)) assert.equal(parseProfile(data, id).id, id);
});
