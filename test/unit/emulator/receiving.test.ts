import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'vitest';
import { encodeBinarySection } from '../../../tools/local/emulator/amqp/encode.ts';
import type { OutgoingLink } from '../../../tools/local/emulator/amqp/outgoingLink.ts';
import { readEvent } from '../../../tools/local/emulator/eventBytes.ts';
import { Hub } from '../../../tools/local/emulator/hub.ts';
import { PartitionReceiver } from '../../../tools/local/emulator/receiving.ts';

test('a reader that is held up waits once, however many events come meanwhile', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'receiving-'));
  t.onTestFinished(() => rmSync(directory, { recursive: true }));
  const hub = new Hub(directory, { name: 'ledger', partitions: 1 });
  t.onTestFinished(() => hub.close());
  const sleepers = new Set<() => void>();
  let calls = 0;
  const connection = {
    backlog: Number.POSITIVE_INFINITY,
    whenDrained: (wake: () => void) => {
      calls++;
      sleepers.add(wake);
    },
  };
  const link = {
    session: { connection },
    properties: new Map(),
    desiredCapabilities: [],
    room: 10,
    credit: 10,
  };
  const [partition] = hub.partitions;
  new PartitionReceiver(link as unknown as OutgoingLink, partition!, 'x').start(0);
  for (let n = 0; n < 5; n++) {
    const event = readEvent(encodeBinarySection(0x75, Buffer.of(n)));
    await new Promise<void>((resolve) => partition!.log.append([event], () => resolve()));
    await turn();
  }
  assert.ok(calls > 1);
  assert.equal(sleepers.size, 1);
});
