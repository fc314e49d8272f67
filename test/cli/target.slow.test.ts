import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { cli } from '../support/operatorCommands.ts';

// What a command says before it does anything. No part of a cloud runs.

const ELSEWHERE = {
  DATABASE_URL: 'postgres://jo:s3cret@db.example.invalid:5432/backoffice',
  EventHubs: 'Endpoint=sb://pay.example.invalid/;SharedAccessKeyName=k;SharedAccessKey=v',
  AzureWebJobsStorage:
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=example.invalid',
};
const FIRST_LINE =
  /^Target: database backoffice at db\.example\.invalid:5432 as jo, Event Hubs pay\.example\.invalid, profile canonical-v1\n/;

test('without a word it shows the five things that people do most', async () => {
  const { code, out } = await cli([], {});
  assert.equal(code, 2);
  assert.equal(out.match(/^ {2}npm run cli -- /gm)?.length, 5);
  assert.match(out, /npm run cli -- --help\n$/);
});

test('a write to another machine without a terminal is refused, with code 2 and before anything is asked of it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'target-'));
  t.onTestFinished(() => rmSync(folder, { recursive: true }));
  const dump = join(folder, 'dump.csv');
  writeFileSync(dump, 'tx_id\n');
  const asOf = ['--as-of', '2026-11-22T02:00:00Z'];
  for (const words of [
    ['publish', '--count', '1'],
    ['backfill', '--ledger', dump, ...asOf],
    ['reconcile', '--ledger', dump, '--repair', ...asOf],
    ['e2e'],
    ['e2e', '--remove', 'e2e-0123456789ab'],
    ['replay', 'run', '--error', 'not_json'],
  ]) {
    const { code, out, err } = await cli(words, ELSEWHERE);
    assert.deepEqual([code, out], [2, ''], words.join(' '));
    assert.match(err, FIRST_LINE);
    assert.match(
      err,
      /This is not this machine: it is about to .*\. Nobody can be asked here: --yes does it/,
    );
    assert.ok(!err.includes('s3cret'));
  }
});

test('--yes goes on, and what reads does not ask: it fails by what is away', async () => {
  const yes = await cli(['replay', 'run', '--error', 'not_json', '--no-wait', '--yes'], ELSEWHERE);
  assert.equal(yes.code, 3);
  const reads = await cli(['replay', 'summary'], ELSEWHERE);
  assert.equal(reads.code, 3);
  assert.match(reads.err, FIRST_LINE);
  assert.match(reads.err, /db\.example\.invalid/);
});

test('PGHOST of the shell is named, and refused where it stands alone', async () => {
  const both = await cli(['replay', 'summary'], { ...ELSEWHERE, PGHOST: '127.0.0.1', PGPASSWORD: 'other' });
  assert.match(both.err, FIRST_LINE);
  assert.match(
    both.err,
    /\nNot used: PGHOST, PGPASSWORD of this shell\. DATABASE_URL says where the database is\.\n/,
  );
  assert.ok(!both.err.includes('other'));
  const alone = await cli(['replay', 'summary'], { PGHOST: 'db.example.invalid' });
  assert.equal(alone.code, 2);
  assert.match(alone.err, /^PGHOST is set, and nothing says that it is meant/);
});

test('a reason that there is none of is an error, and names those that there are', async () => {
  const { code, err } = await cli(['replay', 'list', '--error', 'core_mising'], {});
  assert.equal(code, 2);
  assert.match(err, /Allowed choices are .*core_missing/);
});
