import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type EmulatorProcess, startEmulatorProcess } from '../../tools/local/processes/emulatorProcess.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { buildDotnet, run, skipWithout } from './tools.ts';

// The clients of .NET: that of the Functions host, and Confluent's, which is librdkafka as in many languages.

const skip = await skipWithout('dotnet', '--version');
const HUBS = [{ name: 'ledger', partitions: 4 }];

describe('Azure.Messaging.EventHubs', skipBecause(skip), () => {
  const directory = mkdtempSync(join(tmpdir(), 'dotnet-amqp-'));
  let emulator: EmulatorProcess;
  beforeAll(async () => {
    emulator = await startEmulatorProcess({ directory, port: 0, hubs: HUBS });
  });
  afterAll(async () => {
    await emulator.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('passes its 24 checks: properties, sending, reading, positions, owners, limits', async () => {
    const program = await buildDotnet('amqp', 'EventHubs');
    const { code, output } = await run('dotnet', [program, emulator.connectionString, 'ledger']);
    assert.match(output, /^24 passed, 0 failed$/m);
    assert.equal(code, 0);
  });
});

describe('Confluent.Kafka', skipBecause(skip), () => {
  const directory = mkdtempSync(join(tmpdir(), 'dotnet-kafka-'));
  let emulators: EmulatorProcess[];
  let program: string;
  beforeAll(async () => {
    program = await buildDotnet('kafka', 'Kafka');
    const start = (name: 'service' | 'none') =>
      startEmulatorProcess({
        directory: join(directory, name),
        port: 0,
        kafkaPort: 0,
        kafkaLimits: name,
        hubs: HUBS,
      });
    emulators = await Promise.all([start('service'), start('none')]);
  });
  afterAll(async () => {
    await Promise.all(emulators.map((emulator) => emulator.stop()));
    rmSync(directory, { recursive: true, force: true });
  });
  const argumentsOf = (
    { kafkaPort, connectionString }: EmulatorProcess,
    partition: number,
    checks: string[],
  ) => [
    ...[program, `127.0.0.1:${kafkaPort}`, connectionString, 'ledger', String(partition), checks.join(',')],
  ];

  it('works within the limits of the service, and is told at once what is not there', async () => {
    const checks = [
      'none',
      'gzip',
      'refused-codec',
      'idempotent',
      'headers',
      'tombstone',
      'large',
      'too-large',
    ];
    checks.push('wrong-password', 'unknown-topic', 'transaction', 'group', 'token');
    const { code, output } = await run('dotnet', argumentsOf(emulators[0]!, 0, checks));
    assert.equal(output.match(/^ok /gm)?.length, checks.length, output);
    assert.equal(code, 0);
  });

  it('uses every codec where the limits are lifted', async () => {
    const checks = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
    const { code, output } = await run('dotnet', argumentsOf(emulators[1]!, 1, checks));
    assert.equal(output.match(/^ok /gm)?.length, checks.length, output);
    assert.equal(code, 0);
  });

  it('loses and doubles nothing when the emulator is killed while it publishes', async () => {
    const emulator = emulators[0]!;
    const child = spawn('dotnet', argumentsOf(emulator, 2, ['outage']), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let output = '';
    let kills = 0;
    for await (const chunk of child.stdout) {
      output += String(chunk);
      const wanted = output.includes('sent 2000') ? 2 : output.includes('sent 800') ? 1 : 0;
      if (wanted <= kills) continue;
      kills = wanted;
      emulator.kill('SIGKILL');
      await emulator.ended;
      await emulator.restart();
    }
    assert.equal(await ended, 0, output);
    assert.equal(kills, 2);
    assert.match(output, /ok outage: 3000 each once, in order/);
  });
});
