import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'vitest';
import { KeyRing } from '../../../shared/privacy/keyRing.ts';
import { isSealed, seal, unseal } from '../../../shared/privacy/seal.ts';
import { keyNumberOf, userIdToken } from '../../../shared/privacy/userIdToken.ts';

const KEYS = [1, 2, 3].map((fill) => Buffer.alloc(32, fill));
const ring = (...enabled: boolean[]) =>
  new KeyRing(
    'the-secret',
    enabled.map((isEnabled, index) => ({
      number: index + 1,
      activeFrom: index === 0 ? -Infinity : index * 1000,
      key: isEnabled ? KEYS[index] : undefined,
    })),
  );

test('the key of an event is that of its time, whenever it is asked for', () => {
  const three = ring(true, true, true);
  assert.deepEqual(
    [0, 999, 1000, 1999, 2000, 9999].map((time) => three.at(time).number),
    [1, 1, 2, 2, 3, 3],
  );
  assert.equal(three.latest().number, 3);
});

test('in place of a disabled version stands the next, else the one before; without any, the message names the secret', () => {
  assert.deepEqual(
    [0, 1000, 2000].map((time) => ring(true, false, true).at(time).number),
    [1, 3, 3],
  );
  assert.deepEqual(
    [0, 1000, 2000].map((time) => ring(true, true, false).at(time).number),
    [1, 2, 2],
  );
  assert.equal(ring(true, false).latest().number, 1);
  assert.equal(ring(true, false).version(2), undefined);
  assert.throws(() => ring(false).at(0), /the-secret has no version that is enabled/);
  assert.throws(() => ring().latest(), /the-secret/);
});

test('a token is v, the number of the key, and base64url of HMAC-SHA-256 of the id in UTF-8', () => {
  const key = KEYS[1]!;
  const expected = createHmac('sha256', key).update(Buffer.from('고객-1')).digest().toString('base64url');
  assert.equal(userIdToken({ number: 2, key }, '고객-1'), `v2.${expected}`);
  assert.equal(keyNumberOf(`v2.${expected}`), 2);
  for (const other of [
    '',
    'user-1',
    `v0.${expected}`,
    `v2.${expected}x`,
    `v2.${expected.slice(1)}`,
    `2.${expected}`,
  ]) {
    assert.equal(keyNumberOf(other), undefined, other);
  }
});

test('a sealed payload opens in its own row only; bytes that only look sealed stay as they are', () => {
  const origin = { topic: 'ledger', partition: 3, sequenceNumber: 7, enqueuedAt: 1_700_000_000_000_001 };
  const three = ring(true, true, true);
  for (const payload of [Buffer.alloc(0), Buffer.from('{"user_id":"user-1"}'), randomBytes(100_000)]) {
    const sealed = seal(three.latest(), payload, origin);
    assert.ok(isSealed(sealed));
    assert.equal(sealed.indexOf('user-1'), -1);
    assert.deepEqual(unseal(three, sealed, origin), payload);
    assert.notDeepEqual(seal(three.latest(), payload, origin), sealed, 'each has a nonce of its own');
    for (const change of [{ topic: 'other' }, { partition: 2 }, { sequenceNumber: 8 }, { enqueuedAt: 1 }]) {
      assert.deepEqual(unseal(three, sealed, { ...origin, ...change }), sealed);
    }
    for (const index of [12, 20, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[index]! ^= 1;
      assert.deepEqual(unseal(three, changed, origin), changed);
    }
    assert.deepEqual(unseal(ring(true, true, false), sealed, origin), sealed, 'its key is disabled');
    assert.deepEqual(unseal(ring(true, true), sealed, origin), sealed, 'its key is unknown');
  }
  assert.ok(!isSealed(Buffer.from('{}')));
  assert.ok(!isSealed(Buffer.from('\0BOSEAL1short')));
});
