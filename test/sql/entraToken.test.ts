import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'vitest';
import { tokenPassword } from '../../shared/settings/databaseConnection.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { testDatabase } from '../support/database.ts';

test('a token that has expired is replaced when a connection is opened; open connections outlive it', async (t) => {
  const database = await testDatabase(t);
  const login = `entra_${process.pid}`;
  const asSuperuser = (...statements: string[]) =>
    withClient(process.env['TEST_POSTGRES_URL']!, async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  // The newest token is the one that PostgreSQL takes: the one before has expired.
  let [token, asked] = [randomUUID() as string, 0];
  const expire = () => {
    token = randomUUID();
    return asSuperuser(`ALTER ROLE ${login} PASSWORD '${token}'`);
  };
  const credential = {
    async getToken(scope: string | string[]) {
      assert.equal(scope, 'https://ossrdbms-aad.database.windows.net/.default');
      asked++;
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  await asSuperuser(`CREATE ROLE ${login} LOGIN PASSWORD '${token}'`);
  const { hostname, port, pathname } = new URL(database.url);
  const pool = openDatabase({
    connection: {
      host: hostname,
      port: Number(port),
      database: pathname.slice(1),
      user: login,
      password: tokenPassword(async () => credential),
    },
    poolSize: 2,
    onIdleError: () => {},
  });
  t.onTestFinished(async () => {
    await pool.end();
    await asSuperuser(`DROP ROLE ${login}`);
  });
  const who = async () => (await pool.query('SELECT pg_backend_pid() AS pid, current_user AS name')).rows[0];

  const first = await who();
  assert.equal(first.name, login);
  await expire();
  assert.deepEqual(await who(), first, 'the same connection, whatever became of its token');
  assert.equal(asked, 1);

  // It ends, as connections do; another one is opened.
  const ended = once(pool, 'error');
  await asSuperuser(`SELECT pg_terminate_backend(${first.pid})`);
  await ended;
  const second = await who();
  assert.equal(second.name, login);
  assert.notEqual(second.pid, first.pid);
  assert.equal(asked, 2);
});
