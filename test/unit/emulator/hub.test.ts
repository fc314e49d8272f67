import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'vitest';
import { Hub } from '../../../tools/local/emulator/hub.ts';
import { isRefusal } from '../../../tools/local/emulator/refusal.ts';

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'hub-'));
  t.onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('a reopened hub keeps its creation time, in any case of its name', (t) => {
  const directory = temporary(t);
  const first = new Hub(directory, { name: 'Ledger', partitions: 2 });
  first.close();
  const second = new Hub(directory, { name: 'ledger', partitions: 2 });
  second.close();
  assert.deepEqual(second.createdAt, first.createdAt);
});

test('another partition count is refused with both numbers', (t) => {
  const directory = temporary(t);
  new Hub(directory, { name: 'ledger', partitions: 2 }).close();
  assert.throws(
    () => new Hub(directory, { name: 'ledger', partitions: 4 }),
    /'ledger' has 2 partitions in .* cannot be opened with 4/,
  );
});

test('names and partition counts that make no hub are refused', (t) => {
  const directory = temporary(t);
  for (const name of ['', '../up', 'a/b', '.', 'a b']) {
    assert.throws(() => new Hub(directory, { name, partitions: 1 }), /not a valid event hub name/, name);
  }
  for (const partitions of [0, -1, 1.5, Number.NaN, 5000]) {
    assert.throws(() => new Hub(directory, { name: 'hub', partitions }), /needs 1 to 1024 partitions/);
  }
});

test('events without a key take turns over the partitions, one key stays with one', (t) => {
  const hub = new Hub(temporary(t), { name: 'hub', partitions: 3 });
  t.onTestFinished(() => hub.close());
  const turns = [1, 2, 3, 4, 5, 6].map(() => hub.partitionFor(undefined).id);
  assert.deepEqual(turns, ['0', '1', '2', '0', '1', '2']);
  assert.equal(new Set([1, 2, 3, 4].map(() => hub.partitionFor('order-7').id)).size, 1);
});

test('a partition that does not exist is out of range', (t) => {
  const hub = new Hub(temporary(t), { name: 'hub', partitions: 3 });
  t.onTestFinished(() => hub.close());
  for (const id of ['3', '-1', '01', 'x']) {
    const refusal = hub.partition(id);
    assert.ok(isRefusal(refusal) && refusal.condition === 'com.microsoft:argument-out-of-range', id);
  }
});
