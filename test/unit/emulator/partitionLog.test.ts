import assert from 'node:assert/strict';
import fs, { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import rhea from 'rhea';
import { type TestContext, test, vi } from 'vitest';
import type { IncomingEvent } from '../../../tools/local/emulator/eventBytes.ts';
import { PartitionLog } from '../../../tools/local/emulator/partitionLog.ts';
import { RECORD_HEADER_SIZE } from '../../../tools/local/emulator/recordFile.ts';

const DATA_SECTION = [0x00, 0x53, 0x75, 0xb0];

function eventOf(text: string): IncomingEvent {
  const body = Buffer.from(text);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length);
  const data = Buffer.concat([Buffer.from(DATA_SECTION), size, body]);
  return { header: Buffer.alloc(0), annotations: [], rest: [data], partitionKey: undefined };
}

function logPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'partition-log-'));
  t.onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, '0.log');
}

function open(t: TestContext, path: string): PartitionLog {
  const log = new PartitionLog(path);
  t.onTestFinished(() => {
    try {
      log.close();
    } catch {
      // closed by the test itself
    }
  });
  return log;
}

function append(log: PartitionLog, ...texts: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    log.append(texts.map(eventOf), (error) => (error ? reject(error) : resolve()));
  });
}

function texts(log: PartitionLog, from = 0, maxCount = 1000, maxBytes = 1e9): string[] {
  return log
    .read(from, maxCount, maxBytes)
    .map((message) => rhea.message.decode(message)['body'].content.toString());
}

test('appends of one turn are committed together, in order, and read back', async (t) => {
  const log = open(t, logPath(t));
  let commits = 0;
  log.onCommit(() => commits++);
  await Promise.all([append(log, 'a', 'b'), append(log, 'c')]);
  assert.equal(commits, 1);
  assert.deepEqual(texts(log), ['a', 'b', 'c']);
  assert.equal(log.nextSequenceNumber, 3);
});

test('a read stops at the count, at the bytes and at the end, but returns at least one event', async (t) => {
  const log = open(t, logPath(t));
  await append(log, 'a', 'b', 'c', 'x'.repeat(10_000));
  assert.deepEqual(texts(log, 1, 2), ['b', 'c']);
  assert.deepEqual(texts(log, 0, 10, 500), ['a', 'b', 'c']);
  assert.equal(texts(log, 3, 10, 500).length, 1);
  assert.deepEqual(texts(log, 4), []);
});

test('a reopened log has the same events and places and goes on numbering', async (t) => {
  const path = logPath(t);
  const first = open(t, path);
  await append(first, 'a', 'b');
  const before = first.last;
  first.close();
  const second = open(t, path);
  assert.deepEqual(second.last, before);
  await append(second, 'c');
  assert.deepEqual(texts(second), ['a', 'b', 'c']);
  assert.equal(second.last?.sequenceNumber, 2);
});

test('the index grows beyond its first size and survives a reopening', async (t) => {
  const path = logPath(t);
  const first = open(t, path);
  const many = Array.from({ length: 5000 }, (_, n) => `event ${n}`);
  await append(first, ...many);
  first.close();
  const second = open(t, path);
  assert.deepEqual(texts(second, 0, 5000), many);
});

test('the enqueued time never steps back, even when the clock does', async (t) => {
  const path = logPath(t);
  vi.useFakeTimers({ toFake: ['Date'], now: 2_000_000 });
  t.onTestFinished(() => void vi.useRealTimers());
  const first = open(t, path);
  await append(first, 'a');
  vi.setSystemTime(1_000_000);
  await append(first, 'b');
  first.close();
  const second = open(t, path);
  await append(second, 'c');
  vi.setSystemTime(3_000_000);
  await append(second, 'd');
  assert.deepEqual(
    [0, 1, 2, 3].map((number) => second.placement(number).enqueuedTime),
    [2_000_000, 2_000_000, 2_000_000, 3_000_000],
  );
  assert.equal(second.firstAfterTime(1_999_999), 0);
  assert.equal(second.firstAfterTime(2_000_000), 3);
  assert.equal(second.firstAfterTime(3_000_000), 4);
});

test('an unfinished last record is cut off wherever it ends', async (t) => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const path = logPath(t);
  const log = open(t, path);
  await append(log, 'a', 'b');
  const whole = readFileSync(path);
  const secondStart = log.placement(1).offset;
  log.close();
  for (let size = secondStart + 1; size < whole.length; size++) {
    writeFileSync(path, whole.subarray(0, size));
    const reopened = new PartitionLog(path);
    assert.deepEqual(texts(reopened), ['a'], `cut at ${size}`);
    assert.equal(statSync(path).size, secondStart);
    await append(reopened, 'again');
    assert.equal(reopened.last?.sequenceNumber, 1);
    reopened.close();
  }
});

test('a last record with a wrong checksum is cut off, and so is a few bytes of rubbish', async (t) => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const path = logPath(t);
  const log = open(t, path);
  await append(log, 'a', 'b');
  log.close();
  const bytes = readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(path, bytes);
  const reopened = open(t, path);
  assert.deepEqual(texts(reopened), ['a']);
  reopened.close();
  appendFileSync(path, 'rubbish');
  assert.deepEqual(texts(open(t, path)), ['a']);
});

test('damage before the end is reported and nothing is removed', async (t) => {
  const path = logPath(t);
  const log = open(t, path);
  await append(log, 'a', 'b', 'c');
  const damaged = log.placement(1).offset;
  log.close();
  const bytes = readFileSync(path);
  bytes[damaged + RECORD_HEADER_SIZE]! ^= 1;
  writeFileSync(path, bytes);
  assert.throws(() => new PartitionLog(path), new RegExp(`damaged at byte ${damaged}`));
  assert.equal(statSync(path).size, bytes.length);
});

test('a write that fails half way is told to every producer and leaves the log as it was', async (t) => {
  const path = logPath(t);
  const log = open(t, path);
  await append(log, 'a');
  const size = statSync(path).size;
  const write = fs.writeSync;
  const half = (file: number, bytes: Buffer, offset: number, length: number, position: number): number => {
    write(file, bytes, offset, Math.floor(length / 2), position);
    throw new Error('ENOSPC: no space left on device');
  };
  const failing = vi.spyOn(fs, 'writeSync').mockImplementation(half as typeof fs.writeSync);
  syncBuiltinESMExports();
  const outcomes = await Promise.allSettled([append(log, 'b'), append(log, 'c')]);
  failing.mockRestore();
  syncBuiltinESMExports();
  for (const outcome of outcomes)
    assert.match(String(outcome.status === 'rejected' && outcome.reason), /ENOSPC/);
  assert.equal(statSync(path).size, size);
  await append(log, 'd');
  assert.deepEqual(texts(log), ['a', 'd']);
});

test('an error in what follows a commit does not keep the others waiting', async (t) => {
  const report = vi.spyOn(console, 'error').mockImplementation(() => {});
  const log = open(t, logPath(t));
  log.append([eventOf('a')], () => {
    throw new Error('a bug');
  });
  await append(log, 'b');
  assert.deepEqual(texts(log), ['a', 'b']);
  assert.match(String(report.mock.calls[0]![1]), /a bug/);
});

test('a closed log takes no more events', async (t) => {
  const path = logPath(t);
  const log = open(t, path);
  await append(log, 'a');
  log.close();
  await assert.rejects(append(log, 'b'), /closed/);
  assert.deepEqual(texts(open(t, path)), ['a']);
});

test('an empty log has no last event and begins at 0', (t) => {
  const path = logPath(t);
  const log = open(t, path);
  assert.equal(log.last, undefined);
  assert.equal(log.nextSequenceNumber, 0);
  assert.deepEqual(texts(log), []);
});
