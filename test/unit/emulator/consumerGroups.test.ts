import assert from 'node:assert/strict';
import { test } from 'vitest';
import { ConsumerGroups, type GroupMember } from '../../../tools/local/emulator/consumerGroups.ts';
import type { Refusal } from '../../../tools/local/emulator/refusal.ts';

function member(name: string, epoch?: number): GroupMember & { refusals: Refusal[] } {
  const refusals: Refusal[] = [];
  return { name, epoch, refusals, disconnect: (refusal) => refusals.push(refusal) };
}

test('a new owner is known at once, also when those it threw out leave the group themselves', () => {
  const groups = new ConsumerGroups();
  const old: GroupMember = { name: 'old', epoch: 1, disconnect: () => groups.leave('g', old) };
  groups.admit('g', old);
  groups.admit('g', member('new', 2));
  assert.equal(groups.admit('g', member('late', 1))?.condition, 'amqp:link:stolen');
});

test('a receiver with the same or a higher epoch takes over', () => {
  for (const epoch of [3, 4]) {
    const groups = new ConsumerGroups();
    const [old, young] = [member('old', 3), member('young', epoch)];
    assert.equal(groups.admit('$Default', old), undefined);
    assert.equal(groups.admit('$default', young), undefined);
    assert.equal(old.refusals[0]?.condition, 'amqp:link:stolen');
    assert.match(old.refusals[0]?.description ?? '', /New receiver 'young' with higher epoch/);
    assert.deepEqual(young.refusals, []);
  }
});

test('a receiver with a lower epoch or none is refused while there is an owner', () => {
  const groups = new ConsumerGroups();
  const owner = member('owner', 3);
  groups.admit('g', owner);
  assert.equal(groups.admit('g', member('lower', 2))?.condition, 'amqp:link:stolen');
  assert.equal(groups.admit('g', member('shared'))?.condition, 'amqp:link:stolen');
  assert.deepEqual(owner.refusals, []);
});

test('an owner throws out all shared receivers', () => {
  const groups = new ConsumerGroups();
  const shared = [member('a'), member('b')];
  for (const reader of shared) groups.admit('g', reader);
  assert.equal(groups.admit('g', member('owner', 0)), undefined);
  for (const reader of shared) assert.equal(reader.refusals[0]?.condition, 'amqp:link:stolen');
});

test('five receivers share a partition in each group, and a place that is left can be taken', () => {
  const groups = new ConsumerGroups();
  const readers = ['a', 'b', 'c', 'd', 'e'].map((name) => member(name));
  for (const reader of readers) assert.equal(groups.admit('g', reader), undefined);
  assert.equal(groups.admit('g', member('f'))?.condition, 'amqp:resource-limit-exceeded');
  assert.equal(groups.admit('other', member('f')), undefined);
  groups.leave('g', readers[0]!);
  assert.equal(groups.admit('g', member('f')), undefined);
});

test('when the owner has left, anyone may come', () => {
  const groups = new ConsumerGroups();
  const owner = member('owner', 9);
  groups.admit('g', owner);
  groups.leave('g', owner);
  assert.equal(groups.admit('g', member('lower', 1)), undefined);
});
