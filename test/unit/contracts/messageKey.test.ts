import assert from 'node:assert/strict';
import { test } from 'vitest';
import { isKeyOf } from '../../../shared/contracts/messageKey.ts';

test('a key is the id as text, or as a converter writes it in JSON', () => {
  for (const key of [
    'tx-1',
    '"tx-1"',
    '{"tx_id":"tx-1"}',
    '{"id": "tx-1"}',
    '{"schema":{"type":"struct"},"payload":{"tx_id":"tx-1"}}',
    '{"payload":"tx-1","schema":{"type":"string"}}',
  ]) {
    assert.ok(isKeyOf(key, 'tx-1'), key);
  }
  assert.ok(isKeyOf('{"tx_id":9007199254740993}', '9007199254740993'));
  assert.ok(isKeyOf('{"tx_id":42}', '42'));
  // A record may have an id that looks like JSON.
  assert.ok(isKeyOf('{"tx_id":"a"}', '{"tx_id":"a"}'));
});

test('another id, or a key of several members, is another key', () => {
  for (const key of [
    '',
    'tx-2',
    ' tx-1',
    '{"tx_id":"tx-2"}',
    '{"tx_id":"tx-1","wallet_id":"w"}',
    '{"tx_id":"tx-1","tenant":"t"}',
    '{"tx_id":{"value":"tx-1"}}',
    '{"schema":{},"payload":{"a":"tx-1","b":"tx-1"}}',
    '{"tx_id":null}',
    '{}',
    '["tx-1"]',
    '{"tx_id":"tx-1"',
    '\\x7b22',
  ]) {
    assert.ok(!isKeyOf(key, 'tx-1'), key);
  }
  assert.ok(!isKeyOf('{"tx_id":42.0}', '42'));
});
