import pg from 'pg';

export interface DatabaseOptions {
  /** Host, port, user, TLS: as the settings gave them. */
  readonly connection: pg.ClientConfig;
  readonly poolSize: number;
  /** Errors of idle connections; the pool replaces them by itself. */
  readonly onIdleError: (error: Error) => void;
  /** Where nobody answers; 10 s where it is left out. */
  readonly connectWithinMs?: number;
}

/**
 * A pool of connections to the serving database. Opens nothing yet: connections are made when they are needed, so an
 * unreachable database fails the first batch, which is retried, and not the start of the process.
 */
export function openDatabase(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    ...options.connection,
    max: options.poolSize,
    application_name: 'backoffice-sync',
    connectionTimeoutMillis: options.connectWithinMs ?? 10_000,
    idleTimeoutMillis: 60_000,
    // A batch takes milliseconds; one that hangs must not hold its partition, or its locks, for ever.
    statement_timeout: 60_000,
    query_timeout: 70_000,
    keepAlive: true,
  });
  pool.on('error', options.onIdleError);
  return pool;
}
