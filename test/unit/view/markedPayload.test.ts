import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { markedPayload } from '../../../tools/view/markedPayload.ts';

const marked = (text: string | Buffer, ...names: string[]) =>
  markedPayload(Buffer.from(text as string), new Set(names));
const marks = (text: string, ...names: string[]) =>
  marked(text, ...names)
    .pieces.filter(({ isMarked }) => isMarked)
    .map((piece) => piece.text);

describe('a payload with its faulty field marked', () => {
  it('marks the member with its value, wherever it stands, under each of its names', () => {
    const text = '{"tx_id":"1","amount": {"scale":2,"value":"AQ=="},"after":{"amount":[1,{"a":2}],"sum":3}}';
    assert.deepEqual(marks(text, 'amount', 'sum'), [
      '"amount": {"scale":2,"value":"AQ=="}',
      '"amount":[1,{"a":2}]',
      '"sum":3',
    ]);
    const whole = marked(text, 'amount').pieces.map((piece) => piece.text);
    assert.equal(whole.join(''), text);
  });

  it('marks no value that is written like a name, and a name that is written with escapes', () => {
    assert.deepEqual(marks('{"note":"amount","x":"\\"amount\\": 5"}', 'amount'), []);
    assert.deepEqual(marks('{"\\u0061mount":1}', 'amount'), ['"\\u0061mount":1']);
  });

  it('takes what is broken, deep, empty, or no text', () => {
    assert.deepEqual(marks('{"amount": "never ends', 'amount'), ['"amount": "never ends']);
    assert.deepEqual(marks('{"amount":', 'amount'), ['"amount":']);
    assert.equal(marks(`{"amount":${'['.repeat(200_000)}`, 'amount').length, 1);
    assert.deepEqual(marked('', 'amount').pieces, []);
    const hex = marked(Buffer.from([0x1f, 0x8b, 0xff]));
    assert.deepEqual([hex.as, hex.pieces[0]!.text], ['hex', '1f 8b ff']);
  });

  it('shows a part of what is long, with the fault in it', () => {
    const long = marked(`{"note":"${'x'.repeat(300_000)}","amount":"none"}`, 'amount');
    assert.equal(long.isCut, true);
    assert.ok(long.pieces.some(({ isMarked, text }) => isMarked && text === '"amount":"none"'));
    assert.ok(long.pieces.reduce((sum, { text }) => sum + text.length, 0) <= 64 * 1024);
  });
});
