import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { test } from 'vitest';
import { IDENTITY_FILE } from '../../shared/settings/packageIdentity.ts';
import { recordPackage } from '../../shared/store/metrics/packages.ts';
import { testDatabase } from '../support/database.ts';
import { cli, loginWith } from '../support/operatorCommands.ts';
import { until } from '../support/until.ts';

const IDENTITY = 'a'.repeat(64);

test('gate running waits for this package and for a run of its timer', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-running-'));
  t.onTestFinished(() => rmSync(folder, { recursive: true }));
  const zip = join(folder, 'package.zip');
  writeFileSync(zip, zipSync({ [IDENTITY_FILE]: Buffer.from(`${IDENTITY}\n`) }));
  const database = await testDatabase(t);
  const url = await loginWith(t, database, 'bo_operator');
  const running = cli(['gate', 'running', '--package', zip], {
    DATABASE_URL: url,
    EventHubs:
      'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=v;UseDevelopmentEmulator=true',
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  });
  const asked = (table: string) =>
    until(`it has asked for ${table}`, 60_000, async () => {
      const { rowCount } = await database.pool.query(
        'SELECT FROM pg_stat_activity WHERE usename = $1 AND query LIKE $2',
        [new URL(url).username, `%${table}%`],
      );
      return rowCount! > 0;
    });
  await asked('sync.packages');
  await recordPackage(database.pool, IDENTITY);
  await asked('sync.metrics_state');
  await database.pool.query('UPDATE sync.metrics_state SET exported_at = now()');
  const { code, out, err } = await running;
  assert.deepEqual(
    [code, out],
    [0, `The app runs this package, and nothing else; its timer has run: ${IDENTITY}.\n`],
  );
  assert.match(err, /Waiting: no process of the app has said which one it is/);
  assert.match(err, /Waiting: its timer has not run yet/);
});
