import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QueueClient } from '@azure/storage-queue';
import { it } from 'vitest';
import { startHostProcess } from '../../tools/local/processes/hostProcess.ts';
import { until } from '../support/until.ts';

const APP = fileURLToPath(new URL('../fixtures/apps/timer', import.meta.url));

it('a timer runs once a time over all hosts, and goes on when the host that ran it dies', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'timer-test-'));
  t.onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const storage = process.env['TEST_STORAGE_CONNECTION_STRING']!;
  const queueName = `timer-${process.pid}`;
  const file = join(directory, 'runs');
  const runs = () =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as { host: string; at: number; timer: Record<string, unknown> })
      : [];
  const start = (name: string) =>
    startHostProcess({
      app: APP,
      name,
      logFile: join(directory, `${name}.log`),
      settings: {
        AzureWebJobsStorage: storage,
        RECORD_FILE: file,
        HOST_NAME: name,
        QUEUE: queueName,
        SCHEDULE: '* * * * * *',
      },
    });
  const hosts = { A: await start('A'), B: await start('B') };
  t.onTestFinished(async () => {
    await Promise.all([hosts.A.stop(), hosts.B.stop()]);
  });

  await until('the timer has run', 30_000, () => runs().length >= 4);
  const first = runs();
  const [holder] = new Set(first.map(({ host }) => host));
  assert.ok(holder === 'A' || holder === 'B');
  assert.deepEqual(
    first.filter(({ host }) => host !== holder),
    [],
    'one host runs it',
  );
  const seconds = first.map(({ at }) => Math.floor(at / 1000));
  assert.equal(new Set(seconds).size, seconds.length, 'once a second');
  assert.deepEqual(first[0]!.timer, {
    schedule: { adjustForDST: true },
    scheduleStatus: null,
    isPastDue: false,
  });
  const { peekedMessageItems } = await new QueueClient(storage, queueName).peekMessages({
    numberOfMessages: 2,
  });
  const texts = peekedMessageItems.map(({ messageText }) => Buffer.from(messageText, 'base64').toString());
  assert.deepEqual(texts, [`{"run":${first[0]!.at}}`, 'text']);

  hosts[holder].kill('SIGKILL');
  await until('the other host runs it', 60_000, () => runs().some(({ host }) => host !== holder));
});
