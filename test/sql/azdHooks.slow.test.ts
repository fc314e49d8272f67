import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TestContext, test } from 'vitest';
import { createScratchDatabase } from '../../tools/proof/scratchDatabase.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { ENTRA_STAND_INS } from '../support/entraStandIns.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SERVER = process.env['TEST_POSTGRES_URL']!;
const id = (digit: string) => [8, 4, 4, 4, 12].map((length) => digit.repeat(length)).join('-');
const login = (what: string) => `azd-${what}-${process.pid}`;

/** A database as a server with Entra has it, and `az` and `curl` as far as a hook asks them: a token, a rule, an address. */
async function server(t: TestContext) {
  const database = await createScratchDatabase(SERVER);
  const owner = login('owner');
  const directory = mkdtempSync(join(tmpdir(), 'azd-hooks-'));
  const calls = join(directory, 'calls');
  const program = (name: string, text: string) => {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(directory, name), 0o755);
  };
  const token = JSON.stringify({ accessToken: 'the-token', expires_on: 4_000_000_000, tokenType: 'Bearer' });
  program('az', `case "$1" in account) echo '${token}';; *) echo "$@" >> ${calls};; esac`);
  program('curl', 'echo 192.0.2.7');
  // Logins are made in the database that every server has.
  const asSuperuser = (sql: string) => withClient(SERVER, (client) => client.query(sql));
  await asSuperuser(ENTRA_STAND_INS);
  await database.pool.query(`CREATE ROLE "${owner}" LOGIN SUPERUSER PASSWORD 'the-token'`);
  t.onTestFinished(async () => {
    for (const name of ['owner', 'operators', 'pipeline', 'sync']) {
      await database.pool.query(`DROP ROLE IF EXISTS "${login(name)}"`);
    }
    await asSuperuser(
      'DROP FUNCTION pgaadauth_create_principal_with_oid, pgaadauth_list_principals; DROP TABLE principals',
    );
    await database.drop();
    rmSync(directory, { recursive: true });
  });
  const { hostname, port, pathname } = new URL(database.url);
  const environment = {
    ...process.env,
    PATH: `${directory}:${process.env['PATH']}`,
    PGPORT: port,
    AZURE_RESOURCE_GROUP: 'rg-test',
    DATABASE_ADMIN_NAME: owner,
    OPERATORS_NAME: login('operators'),
    OPERATORS_OBJECT_ID: id('c'),
    PIPELINE_NAME: login('pipeline'),
    PIPELINE_OBJECT_ID: id('d'),
    // The outputs, as azd passes them.
    functionAppName: 'func-x',
    identityName: login('sync'),
    identityObjectId: id('a'),
    databaseHost: hostname,
    databaseName: pathname.slice(1),
    eventHubsNamespace: 'evhns-x.servicebus.windows.net',
    storageAccountName: 'stx',
    keyVaultName: '',
    ingestSettings: '{"USER_ID_MODE":"plain"}',
  };
  const run = (hook: string, more: object = {}) =>
    spawnSync('bash', [join(ROOT, 'infra/azd', hook)], {
      env: { ...environment, ...more },
      encoding: 'utf8',
    });
  return { database, run, calls: () => readFileSync(calls, 'utf8').trim().split('\n') };
}

const RULE = 'postgres flexible-server firewall-rule';
const OF_SERVER = '--resource-group rg-test --server-name 127 --name deploy';

test('after the resources: the rule, schema and logins by a token, and the rule is removed', async (t) => {
  const { database, run, calls } = await server(t);
  const { status, stdout, stderr } = run('postprovision.sh');
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.deepEqual(calls(), [
    `${RULE} create ${OF_SERVER} --start-ip-address 192.0.2.7 --end-ip-address 192.0.2.7`,
    `${RULE} delete ${OF_SERVER} --yes`,
  ]);
  const { rows } = await database.pool.query(
    `SELECT p.rolname AS login, string_agg(r.rolname, ' ' ORDER BY r.rolname) AS roles
     FROM pg_roles p JOIN pg_auth_members m ON m.member = p.oid JOIN pg_roles r ON r.oid = m.roleid
     WHERE p.rolname LIKE $1 GROUP BY 1 ORDER BY 1`,
    [login('%')],
  );
  assert.deepEqual(
    rows.map((row) => `${row.login}: ${row.roles}`),
    [`${login('operators')}: bo_operator`, `${login('pipeline')}: bo_operator`, `${login('sync')}: bo_sync`],
  );
});

test('a step that fails ends the hook with its code, and the rule is removed all the same', async (t) => {
  const { run, calls } = await server(t);
  const { status, stderr } = run('postprovision.sh', { OPERATORS_OBJECT_ID: 'no id' });
  assert.notEqual(status, 0);
  assert.match(stderr, /no id|object/i);
  assert.equal(calls().at(-1), `${RULE} delete ${OF_SERVER} --yes`);
});
