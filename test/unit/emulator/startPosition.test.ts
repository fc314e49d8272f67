import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import type { IncomingEvent } from '../../../tools/local/emulator/eventBytes.ts';
import { PartitionLog } from '../../../tools/local/emulator/partitionLog.ts';
import { isRefusal, type Refusal } from '../../../tools/local/emulator/refusal.ts';
import { parseSelector, resolveStart } from '../../../tools/local/emulator/startPosition.ts';

const directory = mkdtempSync(join(tmpdir(), 'start-position-'));
const empty = new PartitionLog(join(directory, 'empty.log'));
const log = new PartitionLog(join(directory, 'three.log'));
afterAll(() => {
  empty.close();
  log.close();
  rmSync(directory, { recursive: true });
});

const event: IncomingEvent = { header: Buffer.alloc(0), annotations: [], rest: [], partitionKey: undefined };
await new Promise<void>((resolve) => log.append([event, event, event], () => resolve()));
const offsets = [0, 1, 2].map((number) => log.placement(number).offset);
const time = log.placement(0).enqueuedTime;

function startOf(target: PartitionLog, condition: string | undefined): number | Refusal {
  const position = parseSelector(condition === undefined ? undefined : `amqp.annotation.x-opt-${condition}`);
  return isRefusal(position) ? position : resolveStart(target, position);
}

test('each position resolves to the first event to deliver', () => {
  const expected: [string | undefined, number][] = [
    [undefined, 0],
    ["offset > '-1'", 0],
    ["offset > '@latest'", 3],
    ["offset >= '@latest'", 2],
    [`offset > '${offsets[1]}'`, 2],
    [`offset >= '${offsets[1]}'`, 1],
    [`offset > '${offsets[2]}'`, 3],
    // An offset inside of an event means the next one.
    [`offset >= '${offsets[1]! + 1}'`, 2],
    ["sequence-number > '0'", 1],
    ["sequence-number >= '0'", 0],
    ["sequence-number > '-1'", 0],
    ["sequence-number >= '-1'", 0],
    ["sequence-number > '2'", 3],
    [`enqueued-time > '${time - 1}'`, 0],
    [`enqueued-time > '${time}'`, 3],
    [`enqueued-time >= '${time}'`, 3],
  ];
  for (const [condition, sequenceNumber] of expected)
    assert.equal(startOf(log, condition), sequenceNumber, condition);
});

test('an empty partition can be read from its start, its end, and any time', () => {
  for (const condition of [
    "offset > '-1'",
    "offset > '@latest'",
    "offset >= '@latest'",
    "enqueued-time > '0'",
  ]) {
    assert.equal(startOf(empty, condition), 0, condition);
  }
});

test('a position behind the last event is an argument error that names both', () => {
  assert.deepEqual(startOf(log, "offset > '99999'"), {
    condition: 'com.microsoft:argument-error',
    description: `The supplied offset '99999' is invalid. The last offset in the system is '${offsets[2]}'`,
  });
  assert.deepEqual(startOf(log, "sequence-number >= '3'"), {
    condition: 'com.microsoft:argument-error',
    description: "The supplied sequence number '3' is invalid. The last sequence number in the system is '2'",
  });
  assert.ok(isRefusal(startOf(empty, "offset > '0'")));
});

test('a filter that is not understood is an argument error', () => {
  for (const condition of [
    "offset > 'abc'",
    "offset < '5'",
    "publisher = 'x'",
    "sequence-number > '@latest'",
  ]) {
    const refusal = startOf(log, condition);
    assert.ok(isRefusal(refusal) && refusal.condition === 'com.microsoft:argument-error', condition);
  }
});
