import assert from 'node:assert/strict';
import { test } from 'vitest';
import { hostFault } from '../../../shared/ingest/hostFault.ts';
import { receivedEvent } from '../host/receivedEvent.ts';

test('bodies without bytes, properties with members and keys that are numbers fail in the binding', () => {
  const cases: [Parameters<typeof receivedEvent>[0], RegExp | undefined][] = [
    [{ body: Buffer.from('{}') }, undefined],
    [{ properties: { text: 'a', bytes: Buffer.of(1), at: new Date(0), none: null, number: 1 } }, undefined],
    [{ annotations: { 'x-opt-partition-key': 'k' } }, undefined],
    [{ body: 'a value', bodyType: 'value' }, /the body is an AMQP value/],
    [{ properties: { map: { a: 1 } } }, /an application property is a map or a list/],
    [{ properties: { list: [1] } }, /an application property is a map or a list/],
    [{ annotations: { 'x-opt-partition-key': 7 } }, /the partition key is no text/],
  ];
  for (const [event, fault] of cases) {
    const found = hostFault(receivedEvent(event));
    if (fault === undefined) assert.equal(found, undefined);
    else assert.match(found ?? '', fault);
  }
});
