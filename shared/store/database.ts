import pg from 'pg';

/** A pool of connections to the serving database, and what has to be known of its catalogue. */
export interface Database {
  readonly pool: pg.Pool;
  /** Object id of a composite type of schema `sync`; differs from database to database. */
  typeOid(name: string): Promise<number>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Host, port, user, TLS: as the settings gave them. */
  readonly connection: pg.ClientConfig;
  readonly poolSize: number;
  /** Errors of idle connections; the pool replaces them by itself. */
  readonly onIdleError: (error: Error) => void;
}

/**
 * Opens nothing yet: connections are made when they are needed, so an unreachable database fails the first batch,
 * which is retried, and not the start of the process.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    ...options.connection,
    max: options.poolSize,
    application_name: 'backoffice-sync',
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    // A batch takes milliseconds; one that hangs must not hold its partition, or its locks, for ever.
    statement_timeout: 60_000,
    query_timeout: 70_000,
    keepAlive: true,
  });
  pool.on('error', options.onIdleError);
  let types: Promise<ReadonlyMap<string, number>> | undefined;
  return {
    pool,
    async typeOid(name) {
      types ??= loadTypes(pool).catch((error: unknown) => {
        types = undefined;
        throw error;
      });
      const oid = (await types).get(name);
      if (oid === undefined) {
        types = undefined;
        throw new Error(`The database has no type sync.${name}: run its migrations before this release.`);
      }
      return oid;
    },
    close: () => pool.end(),
  };
}

async function loadTypes(pool: pg.Pool): Promise<ReadonlyMap<string, number>> {
  const found = await pool.query<{ typname: string; oid: number }>(
    `SELECT t.typname, t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE n.nspname = 'sync' AND t.typtype = 'c'`,
  );
  return new Map(found.rows.map((row) => [row.typname, row.oid]));
}
