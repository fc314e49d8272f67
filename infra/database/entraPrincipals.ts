import type pg from 'pg';

/** Somebody in Microsoft Entra ID who logs in to the database. */
export interface EntraPrincipal {
  /** Of the login. A token is good for a login only under this name: PGUSER. */
  readonly name: string;
  /** Of a service principal, not of its app registration; of a managed identity, its principal id. */
  readonly objectId: string;
  /** A managed identity is a `service`. Members of a `group` log in under the group's name, with their own token. */
  readonly type: 'service' | 'group' | 'user';
  /** What it may do (migration 0006). */
  readonly role: 'bo_sync' | 'bo_admin_read' | 'bo_operator';
}

/** One run at a time. */
const LOCK = 20_261_123;
const OBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Makes a login for each principal, as a member of exactly its role, in one transaction; returns what was done, a line
 * each. Does nothing where all is so. An identity that was made anew under its old name has another object id: its old login
 * is dropped, which PostgreSQL refuses where that owns anything.
 *
 * @param client an Entra administrator of the server, connected to its database `postgres`: only there are the functions of
 *   Azure (`pgaadauth_...`). The migrations have to have run before, in any database of the server: roles are common to all.
 */
export async function mapEntraPrincipals(
  client: pg.ClientBase,
  principals: readonly EntraPrincipal[],
): Promise<string[]> {
  for (const { name, objectId } of principals) {
    if (!OBJECT_ID.test(objectId)) throw new Error(`${name}: "${objectId}" is no object id.`);
  }
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const done: string[] = [];
    for (const principal of principals) {
      done.push(...(await makeLogin(client, principal)), ...(await giveRole(client, principal)));
    }
    await client.query('COMMIT');
    return done;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function makeLogin(client: pg.ClientBase, { name, objectId, type }: EntraPrincipal): Promise<string[]> {
  const create = () =>
    client.query('SELECT pgaadauth_create_principal_with_oid($1, $2, $3, false, false)', [
      name,
      objectId,
      type,
    ]);
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
  if (rowCount === 0) {
    await create();
    return [`made the login ${name}`];
  }
  const mapped = await mappingOf(client, name);
  if (mapped === undefined) {
    throw new Error(
      `${name}: there is a login of this name that is nobody in Entra ID. Drop it, or rename it.`,
    );
  }
  if (mapped.isAdmin) {
    throw new Error(
      `${name}: is an administrator of the server, and may do everything. Name another principal.`,
    );
  }
  if (mapped.objectId.toLowerCase() === objectId.toLowerCase()) return [];
  await client.query(`DROP ROLE ${client.escapeIdentifier(name)}`);
  await create();
  return [`made the login ${name} anew: it stood for another object`];
}

/** By position: the names of the columns differ between Azure's documentation and its servers. */
async function mappingOf(
  client: pg.ClientBase,
  name: string,
): Promise<{ objectId: string; isAdmin: boolean } | undefined> {
  const { rows } = await client.query<[string, string, string, string, unknown, unknown]>({
    text: 'SELECT * FROM pgaadauth_list_principals(false)',
    rowMode: 'array',
  });
  const row = rows.find(([login]) => login === name);
  return row && { objectId: row[2], isAdmin: [1, '1', true, 't'].includes(row[5] as never) };
}

async function giveRole(client: pg.ClientBase, { name, role }: EntraPrincipal): Promise<string[]> {
  const { rows } = await client.query<{ role: string }>(
    `SELECT g.rolname AS role
     FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles l ON l.oid = m.member
     WHERE l.rolname = $1 AND g.rolname IN ('bo_sync', 'bo_admin_read', 'bo_operator')`,
    [name],
  );
  const has = rows.map((row) => row.role);
  const login = client.escapeIdentifier(name);
  const done: string[] = [];
  for (const other of has.filter((held) => held !== role)) {
    await client.query(`REVOKE ${client.escapeIdentifier(other)} FROM ${login}`);
    done.push(`took ${other} from ${name}`);
  }
  if (!has.includes(role)) {
    await client.query(`GRANT ${client.escapeIdentifier(role)} TO ${login}`);
    done.push(`gave ${role} to ${name}`);
  }
  return done;
}
