import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import { positionedOf, SERVING_TABLE, type ServingRow, servingColumns } from './servingRows.ts';

/** The serving rows of these keys. Keeps the keys for {@link extraRows}: `client` has their temporary table. */
export async function rowsByKey<T extends DumpTopic>(
  client: pg.ClientBase,
  topic: T,
  keys: readonly string[],
): Promise<Positioned<T>[]> {
  const { table, key } = SERVING_TABLE[topic];
  const { rows } = await client.query<ServingRow>({
    name: `rows by key of ${topic}`,
    text: `WITH kept AS (INSERT INTO dump_keys (id) SELECT unnest($1::text[]))
      SELECT ${servingColumns(topic)}
      FROM unnest($1::text[]) k(id) JOIN ${table} t ON t.${key} = k.id`,
    values: [keys],
  });
  return rows.map((row) => positionedOf(topic, row));
}

/** Makes the table for the keys of a dump: on disk where memory ends, and gone with the connection. */
export async function keepKeys(client: pg.ClientBase): Promise<void> {
  await client.query('CREATE TEMPORARY TABLE dump_keys (id text COLLATE "C" NOT NULL)');
}
