import pg from 'pg';

/** Runs `work` with a connection of its own. */
export async function withClient<V>(url: string, work: (client: pg.Client) => Promise<V>): Promise<V> {
  const client = new pg.Client({ connectionString: url });
  // A connection that is lost fails the next query; the event, unheard, would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
