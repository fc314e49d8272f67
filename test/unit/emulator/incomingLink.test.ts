import assert from 'node:assert/strict';
import { test } from 'vitest';
import { encodeBoolean, encodeUint } from '../../../tools/local/emulator/amqp/encode.ts';
import { IncomingLink } from '../../../tools/local/emulator/amqp/incomingLink.ts';
import type { LinkSession } from '../../../tools/local/emulator/amqp/link.ts';
import { Fields } from '../../../tools/local/emulator/amqp/performatives.ts';

test('frames without content are not kept, however many a message has', () => {
  const link = new IncomingLink({} as LinkSession, new Fields([encodeUint(0), encodeUint(0)]), 1000);
  const messages: Buffer[] = [];
  link.serve(1, ({ bytes }) => messages.push(bytes));
  const nothing = encodeUint(0);
  const part = (more: boolean) =>
    new Fields([encodeUint(0), encodeUint(0), nothing, nothing, encodeBoolean(true), encodeBoolean(more)]);
  const payload = Buffer.from('content');
  link.transfer(part(true), payload);
  for (let n = 0; n < 100; n++) link.transfer(part(true), Buffer.alloc(0));
  link.transfer(part(false), Buffer.alloc(0));
  // The only part that there was, and no copy of several.
  assert.equal(messages[0], payload);
});
