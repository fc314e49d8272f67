import type pg from 'pg';

export interface Connections {
  /** Of all instances of the sync, in use at this moment; without the one that asks. */
  readonly checkedOut: number;
  /** Open connections of the server, as a share of those that this login may have. */
  readonly ratio: number;
}

/** Of the sessions of others, this login sees database and user, and not even what kind of process they are. */
export async function readConnections(client: pg.ClientBase): Promise<Connections> {
  const { rows } = await client.query<Connections>(
    `SELECT count(*) FILTER (WHERE a.usename = current_user AND a.application_name = 'backoffice-sync'
         AND a.state <> 'idle' AND a.pid <> pg_backend_pid())::float8 AS "checkedOut",
       count(*)::float8 / (current_setting('max_connections')::integer
         - current_setting('superuser_reserved_connections')::integer
         - current_setting('reserved_connections')::integer) AS ratio
     FROM pg_stat_activity a WHERE a.usename IS NOT NULL AND a.datname IS NOT NULL`,
  );
  return rows[0]!;
}
