import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  encodeDescribed,
  encodeMapSection,
  encodeNull,
  encodeString,
  encodeSymbol,
} from '../../../tools/local/emulator/amqp/encode.ts';
import { messageOf } from '../../../tools/local/emulator/kafka/recordOf.ts';

test('a key, a header and a body that are null have no bytes over Kafka', () => {
  const event = Buffer.concat([
    encodeMapSection(0x72, 1, [encodeSymbol('x-opt-partition-key'), encodeNull()]),
    encodeMapSection(0x74, 1, [encodeString('empty'), encodeNull()]),
    encodeDescribed(0x77, encodeNull()),
  ]);
  const { key, value, headers } = messageOf(event, 0);
  assert.deepEqual([key, value.length], [undefined, 0]);
  assert.deepEqual([...(headers as Map<Buffer, Buffer>).values()], [null]);
});

test('a data section that holds text, from before it was refused, is shown as text', () => {
  const event = encodeDescribed(0x75, encodeString('text'));
  assert.equal(String(messageOf(event, 0).value), 'text');
});
