import type pg from 'pg';

/** Whether this login is a member of the role that may see user ids (docs/security.md). */
export async function maySeeUserIds(database: pg.Pool): Promise<boolean> {
  const { rows } = await database.query<{ may: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bo_user_ids' AND pg_has_role(current_user, oid, 'MEMBER')) AS may`,
  );
  return rows[0]!.may;
}
