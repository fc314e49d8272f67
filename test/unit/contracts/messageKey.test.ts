import assert from 'node:assert/strict';
import { type Schema, Type } from 'avsc';
import { test } from 'vitest';
import { isKeyOf } from '../../../shared/contracts/messageKey.ts';
import { keyText } from '../../../shared/ingest/brokerEvent.ts';

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

test("a key is the id as a registry's serializer writes it", () => {
  const inWireFormat = (value: Buffer) =>
    keyText(Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), value])) ?? assert.fail();
  const avro = (schema: Schema, value: unknown) => inWireFormat(Type.forSchema(schema).toBuffer(value));
  assert.ok(isKeyOf(avro('string', 'tx-1'), 'tx-1'));
  assert.ok(isKeyOf(avro(['null', 'string'], 'tx-1'), 'tx-1'));
  const fields = [{ name: 'tx_id', type: 'string' } as const];
  assert.ok(isKeyOf(avro({ type: 'record', name: 'Key', fields }, { tx_id: 'tx-1' }), 'tx-1'));
  for (const id of [0, -1, 42, 2 ** 40]) assert.ok(isKeyOf(avro('long', id), String(id)));
  assert.ok(isKeyOf(inWireFormat(Buffer.from('{"tx_id":"tx-1"}')), 'tx-1'));
  assert.ok(isKeyOf(inWireFormat(Buffer.from('"tx-1"')), 'tx-1'));

  assert.ok(!isKeyOf(avro('string', 'tx-2'), 'tx-1'));
  assert.ok(!isKeyOf(avro('string', 'tx-12'), 'tx-1'));
  assert.ok(!isKeyOf(avro('long', 43), '42'));
  const two = [...fields, { name: 'tenant', type: 'string' } as const];
  assert.ok(
    !isKeyOf(avro({ type: 'record', name: 'Key', fields: two }, { tx_id: 'tx-1', tenant: 't' }), 'tx-1'),
  );
  for (const bytes of [[0], [0xff], [0x80], [0, 0x80, 0x80], [2]]) {
    assert.ok(!isKeyOf(inWireFormat(Buffer.from(bytes)), 'tx-1'), String(bytes));
  }
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
