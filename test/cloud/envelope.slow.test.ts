import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { BUILT_IN_PROFILES } from '../../shared/contracts/profile.ts';
import { FaultBed } from '../faults/faultBed.ts';

// Synthetic events under a profile with envelopes: what an operator publishes to test a new topic has to be in them.

const SEED = 94;
const execute = promisify(execFile);

describe(`publish and e2e under a profile with envelopes, seed ${SEED}`, () => {
  let bed: FaultBed;
  const folder = mkdtempSync(join(tmpdir(), 'envelope-'));
  beforeAll(async () => {
    const profile = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as {
      topics: Record<string, { envelope: string[] }>;
    };
    for (const topic of Object.values(profile.topics)) topic.envelope = ['payload', 'after'];
    const file = join(folder, 'profile.json');
    writeFileSync(file, JSON.stringify({ ...profile, id: 'envelope-v1' }));
    process.env['EVENT_PROFILE_FILE'] = file;
    bed = await FaultBed.start(SEED);
    // It compares control totals.
    bed.cloud.environment['METRICS_SCHEDULE'] = '*/5 * * * * *';
    await bed.startHost();
  });
  afterAll(async () => {
    await bed?.stop();
    rmSync(folder, { recursive: true });
  });

  const cli = async (...words: string[]) => {
    const found = await execute(process.execPath, ['tools/operator/main.ts', ...words, '--json'], {
      env: process.env,
    }).catch((error: { stdout: string; stderr: string }) => error);
    assert.notEqual(found.stdout, '', found.stderr);
    return JSON.parse(found.stdout);
  };

  it('what is published becomes rows, through either client', async () => {
    const publish = ['publish', '--scenario', 'happy', '--count', '8', '--seed'];
    await Promise.all([cli(...publish, '1'), cli(...publish, '2', '--kafka')]);
    await bed.caughtUp();
    const { rows } = await bed.asAdmin((client) =>
      client.query(
        `SELECT (SELECT count(*)::int FROM bo.ledger_entries) AS entries,
           (SELECT count(*)::int FROM bo.consumer_dlq_events) AS letters`,
      ),
    );
    assert.deepEqual(rows, [{ entries: 8, letters: 0 }]);
  });

  it('the end-to-end test of the environment is green', async () => {
    const result = await cli('e2e', '--seed', String(SEED), '--events', '20');
    assert.deepEqual(result.failures, []);
    assert.deepEqual([result.ok, result.published, result.dead_letters], [true, 120, 20]);
  });
});
