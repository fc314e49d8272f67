import assert from 'node:assert/strict';
import { test } from 'vitest';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import { NumberText } from '../../../shared/contracts/json.ts';

const reasonOf = (body: Buffer | string) => {
  const decoded = decodeBody(Buffer.from(body as string));
  return decoded.accepted ? 'accepted' : decoded.reason;
};

test('a body that is not a JSON object is named by the first rule that it breaks', () => {
  assert.equal(reasonOf(''), 'empty_body');
  assert.equal(reasonOf(Buffer.from([0x7b, 0xff, 0x7d])), 'not_utf8');
  // Overlong forms, surrogates as UTF-8, truncated sequences.
  assert.equal(reasonOf(Buffer.from([0xc0, 0x80])), 'not_utf8');
  assert.equal(reasonOf(Buffer.from([0xed, 0xa0, 0x80])), 'not_utf8');
  assert.equal(reasonOf(Buffer.from([0xe2, 0x82])), 'not_utf8');
  for (const body of [
    ' ',
    '{',
    '{"a":1,}',
    "{'a':1}",
    '{"a":NaN}',
    '{"a":01}',
    'undefined',
    '{}{}',
    '\ufeff',
  ]) {
    assert.equal(reasonOf(body), 'not_json', JSON.stringify(body));
  }
  for (const body of ['null', '42', '"text"', '[]', '[{}]', 'true']) {
    assert.equal(reasonOf(body), 'not_an_object', body);
  }
});

test('a leading byte order mark is skipped', () => {
  assert.equal(reasonOf('\ufeff{}'), 'accepted');
  assert.equal(reasonOf('\ufeff\ufeff{}'), 'not_json');
});

test('numbers that a double would change keep their text', () => {
  const decoded = decodeBody(
    Buffer.from(
      '{"big":9007199254740993, "scale" : 12.50,"exponent":1e3,"small":5,"zero":-0,"nested":{"n":0.10},"text":"1.5"}',
    ),
  );
  assert.ok(decoded.accepted);
  const { object } = decoded;
  assert.deepEqual(object['big'], new NumberText('9007199254740993'));
  assert.deepEqual(object['scale'], new NumberText('12.50'));
  assert.deepEqual(object['exponent'], new NumberText('1e3'));
  assert.deepEqual(object['nested'], { n: new NumberText('0.10') });
  assert.equal(object['text'], '1.5');
});

test('of a repeated member the last counts, with its own digits', () => {
  const decoded = decodeBody(Buffer.from('{"n":1.10,"n":2.20,"m":1,"m":2}'));
  assert.ok(decoded.accepted);
  assert.deepEqual(decoded.object['n'], new NumberText('2.20'));
  assert.equal(String((decoded.object['m'] as NumberText).text ?? decoded.object['m']), '2');
});

test('members named like parts of every object are only members', () => {
  const decoded = decodeBody(Buffer.from('{"__proto__":{"tx_id":"x"},"constructor":1}'));
  assert.ok(decoded.accepted);
  assert.equal(decoded.object['tx_id'], undefined);
  assert.equal(Object.hasOwn(decoded.object, '__proto__'), true);
});

test('absurdly deep nesting crashes nothing', () => {
  const deep = `{"a":1.5,"b":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  assert.ok(['not_json', 'accepted'].includes(reasonOf(deep)));
});

test('the detail of a rejection does not quote the body', () => {
  const decoded = decodeBody(Buffer.from('{"secret":"4111-1111"'));
  assert.ok(!decoded.accepted);
  assert.doesNotMatch(decoded.detail, /secret|4111/);
});
