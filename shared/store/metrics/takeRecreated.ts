import type pg from 'pg';

/** Those of these topics whose hub was found to be another one and whose events were not asked for since. */
export async function takeRecreated(client: pg.ClientBase, topics: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ topic: string }>(
    'UPDATE sync.hubs SET catch_up = false WHERE catch_up AND topic = ANY ($1) RETURNING topic',
    [topics],
  );
  return rows.map(({ topic }) => topic);
}
