import type pg from 'pg';

/**
 * Runs work with one connection of the pool that nobody else has meanwhile. Where the work fails, the connection is
 * closed, whatever state it is in: the server rolls back what was open.
 *
 * @param reuse whether the connection goes back to the pool; otherwise it is closed, with what belongs to its session
 *   (temporary tables).
 */
export async function withConnection<V>(
  database: pg.Pool,
  work: (client: pg.PoolClient) => Promise<V>,
  { reuse = true } = {},
): Promise<V> {
  const client = await database.connect();
  // A connection that is lost fails its statement. Nobody else listens while it is ours: without a listener, the error
  // would end the process.
  const ignore = () => {};
  client.on('error', ignore);
  let failed = true;
  try {
    const result = await work(client);
    failed = false;
    return result;
  } finally {
    client.off('error', ignore);
    client.release(failed || !reuse);
  }
}
