import assert from 'node:assert/strict';
import { test } from 'vitest';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import { normalise } from '../../../shared/contracts/normalise.ts';
import { BUILT_IN_PROFILES, contractOf, parseProfile } from '../../../shared/contracts/profile.ts';

function contractWith(aliases: object) {
  const profile = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as {
    topics: Record<string, Record<string, unknown>>;
  };
  profile.topics['payment_order']!['aliases'] = aliases;
  return contractOf(parseProfile(profile, 'test'), 'payment_order', 'orders');
}

const contract = contractWith({ amount: ['total', ['amount', 'value'], ['money', 'gross', 'value']] });

function read(amounts: string) {
  const body = `{"order_id":"o","status":"PAID","created_at":"2026-11-20T01:00:00Z",${amounts}}`;
  const decoded = decodeBody(Buffer.from(body));
  assert.ok(decoded.accepted);
  const result = normalise(contract, decoded.object, { enqueuedAt: 2e15, maxClockSkew: 0 });
  if (!result.accepted) return `${result.reason} ${result.detail}`;
  return `${(result.record as { amount: string }).amount}${result.aliasHit ? ' alias' : ''}`;
}

test('a path of members is an alias; an object that it leads through is no value', () => {
  assert.equal(read('"amount":{"value":12345678901234567.10}'), '12345678901234567.10 alias');
  assert.equal(read('"amount":12.50'), '12.50');
  assert.equal(read('"money":{"gross":{"value":"1"}}'), '1 alias');
  assert.equal(read('"amount":{"value":1.0},"total":1,"money":{"gross":{"value":"1.00"}}'), '1 alias');
});

test('a path that leads nowhere is a missing field, and one to another value a conflict', () => {
  for (const nowhere of ['{}', '{"value":null}', '{"value":" "}', '{"value":{}}', '{"constructor":1}']) {
    const reason = nowhere === '{"value":{}}' ? /^core_invalid amount/ : /^core_missing amount/;
    assert.match(read(`"amount":${nowhere}`), reason);
  }
  assert.match(read('"money":"12"'), /^core_missing amount/);
  assert.match(read('"amount":[]'), /^core_invalid amount/);
  assert.match(
    read('"amount":{"value":1},"total":2'),
    /^alias_conflict amount: amount, total, amount\.value, money\.gross\.value differ/,
  );
});

test('without a path through it, an object is still an invalid value', () => {
  assert.match(read('"total":{"value":1}'), /^core_invalid amount/);
});

test('a path is the name of one field only, has two members at least, and none named __proto__', () => {
  assert.throws(
    () => contractWith({ amount: [['a', 'b']], user_id: [['a', 'b']] }),
    /topics\.payment_order\.aliases\.user_id: \["a","b"\] is already a name of amount/,
  );
  assert.throws(() => contractWith({ amount: [['a']] }), /topics\.payment_order\.aliases\.amount\.0/);
  assert.throws(() => contractWith({ amount: [['a', '__proto__']] }), /can not be a member name/);
});
