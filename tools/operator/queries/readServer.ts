import type pg from 'pg';

export interface Server {
  readonly version: number;
  readonly versionText: string;
  readonly isReadOnly: boolean;
  /** Milliseconds since 1970, by its clock. */
  readonly now: number;
  readonly login: string;
  readonly isOperator: boolean;
  readonly isMonitor: boolean;
  readonly seesUserIds: boolean;
}

/** What the server says of itself and of this login. */
export async function readServer(database: pg.Pool): Promise<Server> {
  const { rows } = await database.query<Server>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS "versionText",
       pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS "isReadOnly",
       (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now, current_user::text AS login,
       coalesce(bool_or(pg_has_role(current_user, oid, 'MEMBER')) FILTER (WHERE rolname = 'bo_operator'), false) AS "isOperator",
       coalesce(bool_or(pg_has_role(current_user, oid, 'MEMBER')) FILTER (WHERE rolname = 'pg_monitor'), false) AS "isMonitor",
       coalesce(bool_or(pg_has_role(current_user, oid, 'MEMBER')) FILTER (WHERE rolname = 'bo_user_ids'), false) AS "seesUserIds"
     FROM pg_roles`,
  );
  return rows[0]!;
}
