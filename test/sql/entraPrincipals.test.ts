import assert from 'node:assert/strict';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import { type EntraPrincipal, mapEntraPrincipals } from '../../infra/database/entraPrincipals.ts';
import { migrate } from '../../infra/database/migrate.ts';
import { createScratchDatabase, type ScratchDatabase } from '../../tools/proof/scratchDatabase.ts';
import { ENTRA_STAND_INS } from '../support/entraStandIns.ts';

// Roles are common to all databases of the server.
const name = (what: string) => `id "${what}" ${process.pid}`;
const id = (digit: string) => [8, 4, 4, 4, 12].map((length) => digit.repeat(length)).join('-');
const sync: EntraPrincipal = { name: name('Sync'), objectId: id('a'), type: 'service', role: 'bo_sync' };
const api: EntraPrincipal = { name: name('API'), objectId: id('b'), type: 'service', role: 'bo_admin_read' };
const team: EntraPrincipal = { name: name('Team'), objectId: id('c'), type: 'group', role: 'bo_operator' };

describe('logins for Entra principals', () => {
  let database: ScratchDatabase;
  let client: pg.PoolClient;
  beforeAll(async () => {
    database = await createScratchDatabase(process.env['TEST_POSTGRES_URL']!);
    client = await database.pool.connect();
    await client.query(ENTRA_STAND_INS);
  });
  const dropLogins = async () => {
    for (const login of [sync, api, team]) {
      await client.query(`DROP ROLE IF EXISTS ${client.escapeIdentifier(login.name)}`);
    }
    await client.query('TRUNCATE principals');
  };
  beforeEach(dropLogins);
  afterAll(async () => {
    await dropLogins();
    client.release();
    await database.drop();
  });

  const rolesOf = async (login: string) =>
    (
      await database.rows(
        `SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
         WHERE l.rolname = $1`,
        [login],
      )
    ).map((row) => row['rolname']);

  /** As this login; what it may not do is thrown. */
  const as = async (login: EntraPrincipal, sql: string) => {
    await client.query(`SET SESSION AUTHORIZATION ${client.escapeIdentifier(login.name)}`);
    try {
      await client.query(sql);
    } finally {
      await client.query('RESET SESSION AUTHORIZATION');
    }
  };

  it('are made, each with its role, and nothing is done the second time', async () => {
    const first = await mapEntraPrincipals(client, [sync, api, team]);
    assert.equal(first.length, 6);
    assert.deepEqual(await mapEntraPrincipals(client, [sync, api, team]), []);
    for (const login of [sync, api, team]) assert.deepEqual(await rolesOf(login.name), [login.role]);
    const mapped = await database.rows(
      'SELECT rolename, object_id, principal_type, is_admin FROM principals ORDER BY 2',
    );
    assert.deepEqual(
      mapped.map((row) => Object.values(row).join()),
      [sync, api, team].map((login) => [login.name, login.objectId, login.type, 0].join()),
    );
  });

  it('may do what their role may, and no more', async () => {
    await mapEntraPrincipals(client, [sync, api, team]);
    await as(sync, 'SELECT FROM bo.consumer_dlq_events');
    await as(api, 'SELECT FROM bo.ledger_entries');
    await as(team, 'SELECT FROM sync.audit_log');
    const denied = { code: '42501' };
    await assert.rejects(as(sync, 'CREATE TABLE bo.other (id integer)'), denied);
    await assert.rejects(as(api, 'SELECT FROM bo.consumer_dlq_events'), denied);
    await assert.rejects(as(api, "UPDATE bo.payment_orders SET status = 'PAID'"), denied);
    await assert.rejects(as(team, 'DROP TABLE bo.ledger_entries'), denied);
  });

  it('lose a role that they should not have', async () => {
    await mapEntraPrincipals(client, [{ ...api, role: 'bo_operator' }]);
    assert.deepEqual(await mapEntraPrincipals(client, [api]), [
      `took bo_operator from ${api.name}`,
      `gave bo_admin_read to ${api.name}`,
    ]);
    assert.deepEqual(await rolesOf(api.name), ['bo_admin_read']);
  });

  it('stand for the new object where an identity was made anew', async () => {
    await mapEntraPrincipals(client, [sync]);
    await mapEntraPrincipals(client, [{ ...sync, objectId: id('d') }]);
    assert.deepEqual(await database.rows('SELECT object_id FROM principals'), [{ object_id: id('d') }]);
    assert.deepEqual(await rolesOf(sync.name), ['bo_sync']);
  });

  it('are left alone, all of them, where one is refused', async () => {
    await client.query(`CREATE ROLE ${client.escapeIdentifier(team.name)} LOGIN`);
    await assert.rejects(mapEntraPrincipals(client, [sync, team]), /nobody in Entra ID/);
    assert.deepEqual(await database.rows('SELECT FROM pg_roles WHERE rolname = $1', [sync.name]), []);
    await assert.rejects(mapEntraPrincipals(client, [{ ...sync, objectId: 'sync' }]), /is no object id/);
  });

  it('are no administrators of the server', async () => {
    await client.query('SELECT pgaadauth_create_principal_with_oid($1, $2, $3, true, false)', [
      team.name,
      team.objectId,
      team.type,
    ]);
    await assert.rejects(mapEntraPrincipals(client, [team]), /is an administrator/);
  });

  it('a migration takes a connection whose password is asked for, as a token is', async () => {
    const url = new URL(database.url);
    const { hostname: host, username: user, password } = url;
    let asked = 0;
    const ask = async () => {
      asked++;
      return decodeURIComponent(password);
    };
    const connection = { host, port: Number(url.port), user, database: url.pathname.slice(1), password: ask };
    assert.deepEqual((await migrate(connection)).migrations, []);
    assert.ok(asked > 0);
  });
});
