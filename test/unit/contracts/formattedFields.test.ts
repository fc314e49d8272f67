import assert from 'node:assert/strict';
import { test } from 'vitest';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import { normalise } from '../../../shared/contracts/normalise.ts';
import {
  BUILT_IN_PROFILES,
  type Contract,
  contractOf,
  parseProfile,
} from '../../../shared/contracts/profile.ts';
import { tableContract } from '../../../tools/operator/dump/tableContract.ts';

function contractWith(change: object): Contract & { readonly logicalTopic: 'payment_order' } {
  const profile = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as { topics: Record<string, object> };
  Object.assign(profile.topics['payment_order']!, change);
  const contract = contractOf(parseProfile(profile, 'test'), 'payment_order', 'orders');
  return { ...contract, logicalTopic: 'payment_order' };
}

function read(contract: ReturnType<typeof contractWith>, body: string): string {
  const decoded = decodeBody(Buffer.from(body));
  assert.ok(decoded.accepted);
  const result = normalise(contract, decoded.object, { enqueuedAt: 2e15, maxClockSkew: 0 });
  if (!result.accepted) return `${result.reason} ${result.detail}`;
  return `${result.record.amount} ${new Date(result.record.createdAt / 1000).toISOString()}`;
}

const cents = { amount: { format: 'minor_units', scale: 2 }, created_at: { format: 'epoch_seconds' } };

test('a field is read in the format that the profile names, under each of its names, and no other', () => {
  const contract = contractWith({ formats: cents, aliases: { amount: ['total', ['money', 'cents']] } });
  const body = (amount: string, time = '1795600000') =>
    `{"order_id":"o","status":"PAID","created_at":${time},${amount}}`;
  assert.equal(read(contract, body('"amount":1250')), '12.50 2026-11-25T09:46:40.000Z');
  assert.equal(
    read(contract, body('"money":{"cents":"1250"},"total":1250')),
    '12.50 2026-11-25T09:46:40.000Z',
  );
  assert.match(
    read(contract, body('"amount":12.50')),
    /^core_invalid amount: must be an integer of minor units, .*; found a number of 2 digits, 2 behind the point$/,
  );
  assert.match(
    read(contract, body('"amount":1250', '"2026-11-25T09:46:40Z"')),
    /^core_invalid created_at: must be epoch seconds .* 2000 to 2100; found a timestamp/,
  );
});

test('the schema of a message says the scale of its amount, wherever the field is nested', () => {
  const contract = contractWith({
    envelope: ['payload', 'after'],
    aliases: { amount: [['money', 'value']] },
    formats: { amount: { format: 'connect_decimal', scale: 'schema' } },
  });
  const decimal = (field: string, scale: string) => ({
    field,
    name: 'org.apache.kafka.connect.data.Decimal',
    parameters: { scale },
  });
  const after = {
    field: 'after',
    fields: [decimal('amount', '2'), { field: 'money', fields: [decimal('value', '4')] }],
  };
  const body = (members: object, schema: object | null = { fields: [{ field: 'op' }, after] }) => {
    const record = { order_id: 'o', status: 'PAID', created_at: 1_795_600_000_000, ...members };
    return JSON.stringify({ schema, payload: { op: 'c', after: record } });
  };
  assert.match(read(contract, body({ amount: 'BOI=' })), /^12\.50 /);
  assert.match(read(contract, body({ money: { value: 'BOI=' } })), /^0\.1250 /);
  assert.match(
    read(contract, body({ amount: 'BOI=' }, null)),
    /^core_invalid amount: .* its scale in the schema/,
  );
});

test('a dump has what the column holds: minor units and epochs, but nothing that a connector made', () => {
  const row = (amount: string, time: string) =>
    JSON.stringify({ order_id: 'o', status: 'PAID', created_at: time, amount });
  const ofCents = tableContract(contractWith({ envelope: ['after'], formats: cents }));
  assert.equal(read(ofCents, row('1250', '1795600000')), '12.50 2026-11-25T09:46:40.000Z');
  assert.equal(read(ofCents, row('1250', '2026-11-25 09:46:40+00')), '12.50 2026-11-25T09:46:40.000Z');
  const wall = { format: 'epoch_microseconds', time_zone: 'Asia/Seoul', wall_time: true };
  const precise = { amount: { format: 'connect_decimal', scale: 2 }, created_at: wall };
  const ofConnector = tableContract(contractWith({ formats: precise }));
  assert.equal(read(ofConnector, row('1234', '2026-11-20 10:00:00')), '1234 2026-11-20T01:00:00.000Z');
});
