import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { amqpBody } from '../../../shared/ingest/amqpBody.ts';
import { receivedEvent } from '../host/receivedEvent.ts';

const read = (body: unknown, bodyType: 'data' | 'value' | 'sequence' = 'value') => {
  const { bytes, unreadable } = amqpBody(receivedEvent({ body, bodyType }));
  return unreadable === undefined ? bytes.toString('utf8') : { unreadable };
};

const BYTES = 'bytes, a decimal, a UUID or a number beyond 2^53';

describe('the body of an event that the client library read', () => {
  it('is its bytes, also where they came in several sections', () => {
    assert.equal(read(Buffer.from('{"a":1}'), 'data'), '{"a":1}');
    assert.equal(read([Buffer.from('two '), Buffer.from('sections')], 'data'), 'two sections');
    assert.equal(read(null, 'data'), '');
  });

  it('is the text of a value, character by character', () => {
    const text = '{ "amount": 1.10, "tx_id":"😀\\u0000", "n": 12345678901234567890.10 }';
    assert.equal(read(text), text);
    assert.equal(read([text], 'sequence'), text);
    assert.equal(read(''), '');
    assert.equal(read(null), '');
  });

  it('is the bytes of a binary value that can be an object, and of no other: a decimal, a UUID and a large number are bytes too', () => {
    const json = Buffer.from(' \n{"a":1}');
    for (const type of ['value', 'sequence'] as const) {
      const where = `an AMQP ${type}`;
      const body = (bytes: Buffer) => read(type === 'sequence' ? [bytes] : bytes, type);
      assert.equal(body(json), ' \n{"a":1}');
      for (const bytes of [
        Buffer.alloc(16),
        Buffer.from('ffffffffffffffff', 'hex'),
        Buffer.from('{\xff', 'latin1'),
      ]) {
        assert.deepEqual(body(bytes), { unreadable: `the body is ${where} that is ${BYTES}` });
      }
    }
    assert.equal(read(Buffer.from([0xff]), 'data'), Buffer.from([0xff]).toString('utf8'));
  });

  it('is unreadable where its text was not UTF-8: the client library has put other characters in its place', () => {
    const text = 'text that was not UTF-8';
    assert.deepEqual(read('{"a":"\uFFFD"}'), { unreadable: `the body is an AMQP value that is ${text}` });
    for (const map of [{ a: '\uFFFD' }, { '\uFFFD': 1 }, { a: [{ b: '\uFFFD' }] }]) {
      assert.deepEqual(read(map), { unreadable: `the body is an AMQP value that is a map with ${text}` });
    }
  });

  it('is the JSON of a map whose parts are exact', () => {
    const map = {
      ...{ amount: 12, negative: -9007199254740991, text: '1.10"', none: null, yes: true },
      ...{ at: new Date('2026-11-22T10:00:00.123Z'), list: [1, 'a', { b: 2 }] },
    };
    const json =
      '{"amount":12,"negative":-9007199254740991,"text":"1.10\\"","none":null,"yes":true,' +
      '"at":"2026-11-22T10:00:00.123Z","list":[1,"a",{"b":2}]}';
    assert.equal(read(map), json);
    assert.equal(read([map], 'sequence'), json);
    assert.equal(read({}), '{}');
  });

  it('is unreadable where a map has a number that is no longer the one that was sent', () => {
    const cases: [unknown, string][] = [
      [{ amount: 1.1 }, 'a number'],
      [{ amount: 2 ** 53 }, 'a number'],
      [{ amount: -0 }, 'a number'],
      [{ amount: Number.NaN }, 'a number'],
      [{ deep: [{ amount: Buffer.alloc(16) }] }, BYTES],
      [{ at: new Date(Number.NaN) }, 'a time'],
    ];
    for (const [map, form] of cases) {
      assert.deepEqual(read(map), { unreadable: `the body is an AMQP value that is a map with ${form}` });
    }
  });

  it('is unreadable where it is neither text nor a map, and says which form it has', () => {
    class Described {
      readonly value = 1;
    }
    const cases: [unknown, 'value' | 'sequence', string][] = [
      [42, 'value', 'an AMQP value that is a number'],
      [true, 'value', 'an AMQP value that is a boolean'],
      [new Date(0), 'value', 'an AMQP value that is a time'],
      [[{}, {}], 'value', 'an AMQP value that is a list'],
      [new Described(), 'value', 'an AMQP value that is nothing that JSON has'],
      [[], 'sequence', 'an AMQP sequence of 0 elements'],
      [['{}', '{}'], 'sequence', 'an AMQP sequence of 2 elements'],
      [[1], 'sequence', 'an AMQP sequence that is a number'],
    ];
    for (const [body, type, form] of cases) {
      assert.deepEqual(read(body, type), { unreadable: `the body is ${form}` });
    }
  });

  it('is unreadable where it is nested too deep to be written', () => {
    let nested: object = {};
    for (let depth = 0; depth < 100_000; depth++) nested = { nested };
    assert.deepEqual(read(nested), { unreadable: 'the body is an AMQP value that is nested too deep' });
  });
});
