import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import type { DumpWindow } from '../dump/dumpRecords.ts';
import { positionedOf, SERVING_TABLE, type ServingRow, servingColumns } from './servingRows.ts';

const PAGE = 1000;
/** The driver's own limit, which the pool sets for statements of the stream. */
const UNHURRIED = { query_timeout: 24 * 3_600_000 };

/**
 * Serving rows that the dump should have and has not: seen by the time of the dump, inside of its window, and of no key
 * that {@link rowsByKey} was given. Page by page.
 */
export async function* extraRows<T extends DumpTopic>(
  client: pg.ClientBase,
  topic: T,
  { asOf, since, until, by }: DumpWindow,
): AsyncGenerator<Positioned<T>[]> {
  const { table, key, time: businessTime } = SERVING_TABLE[topic];
  const time = by === 'created_at' ? by : businessTime;
  const at = (place: number) => `to_timestamp($${place}::float8 / 1000000)`;
  await client.query('ANALYZE dump_keys');
  await client.query('BEGIN');
  await client.query('SET LOCAL statement_timeout = 0');
  try {
    await client.query(
      `DECLARE extra NO SCROLL CURSOR FOR
       SELECT ${servingColumns(topic)} FROM ${table} t
       WHERE NOT EXISTS (SELECT FROM dump_keys k WHERE k.id = t.${key})
         AND t.source_enqueued_at <= ${at(1)}
         AND ($2::float8 IS NULL OR ${time} >= ${at(2)}) AND ($3::float8 IS NULL OR ${time} < ${at(3)})`,
      [asOf, since, until],
    );
    for (;;) {
      // One page may be a look through the whole table.
      const { rows } = await client.query<ServingRow>({ text: `FETCH ${PAGE} FROM extra`, ...UNHURRIED });
      if (rows.length === 0) break;
      yield rows.map((row) => positionedOf(topic, row));
    }
  } finally {
    await client.query('ROLLBACK');
  }
}
