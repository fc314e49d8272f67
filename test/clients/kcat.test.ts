import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type EmulatorProcess, startEmulatorProcess } from '../../tools/local/processes/emulatorProcess.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { run, skipWithout } from './tools.ts';

// kcat, with the librdkafka of the distribution: an older one than that of the .NET client.

const skip = await skipWithout('kcat', '-V');

describe('kcat', skipBecause(skip), () => {
  const directory = mkdtempSync(join(tmpdir(), 'kcat-'));
  let emulator: EmulatorProcess;
  beforeAll(async () => {
    const hubs = [{ name: 'ledger', partitions: 3 }];
    emulator = await startEmulatorProcess({ directory, port: 0, kafkaPort: 0, hubs });
  });
  afterAll(async () => {
    await emulator.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const kcat = (programArguments: string[], input = '') => {
    const settings = [
      'security.protocol=SASL_PLAINTEXT',
      'sasl.mechanism=PLAIN',
      'sasl.username=$ConnectionString',
      `sasl.password=${emulator.connectionString}`,
    ].flatMap((setting) => ['-X', setting]);
    return run('kcat', ['-b', `127.0.0.1:${emulator.kafkaPort}`, ...settings, ...programArguments], input);
  };

  it('publishes, plain and with gzip, and reads it all back', async () => {
    const header = ['-H', 'x-correlation-id=abc'];
    const publish = ['-P', '-t', 'ledger', '-p', '1', '-K', ':', ...header];
    assert.equal((await kcat(publish, 'k1:one\nk2:two\n')).code, 0);
    assert.equal((await kcat([...publish, '-z', 'gzip'], `k3:${'z'.repeat(5000)}\n`)).code, 0);
    const read = ['-C', '-q', '-t', 'ledger', '-p', '1', '-o', 'beginning', '-e', '-f', '%o %k %S %h\\n'];
    const { code, output } = await kcat(read);
    assert.equal(code, 0, output);
    assert.equal(
      output,
      '0 k1 3 x-correlation-id=abc\n1 k2 3 x-correlation-id=abc\n2 k3 5000 x-correlation-id=abc\n',
    );
    const last = await kcat(['-C', '-q', '-t', 'ledger', '-p', '1', '-o', '-1', '-e', '-f', '%k']);
    assert.equal(last.output, 'k3');
  });

  it('lists topics and offsets', async () => {
    const { output } = await kcat(['-L']);
    assert.match(output, /topic "ledger" with 3 partitions:/);
    assert.match((await kcat(['-Q', '-t', 'ledger:2:-1'])).output, /ledger \[2\] offset 0/);
  });

  it('is told at once that there are no groups', async () => {
    const { code, output } = await kcat(['-G', 'a-group', 'ledger']);
    assert.equal(code, 1);
    assert.match(output, /Group authorization failed/);
  });
});
