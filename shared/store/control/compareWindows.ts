import type pg from 'pg';
import type { DumpTopic, LogicalTopic } from '../../contracts/fields.ts';
import { FUNCTIONS_SCHEMA } from '../release.ts';

/** Whose source sends control totals: none where their topic is off. */
export function controlledTopics(topics: Readonly<Record<LogicalTopic, string>>): readonly DumpTopic[] {
  return topics.control === '' ? [] : ['ledger', 'payment_order'];
}

/** A topic whose source sends control totals. */
export interface ControlledTopic {
  readonly source: DumpTopic;
  /** The name of its hub. */
  readonly topic: string;
  /** Up to when all that the hub has taken is processed, in milliseconds since 1970; `undefined`: nobody knows. */
  readonly reached: number | undefined;
}

/**
 * Compares the windows that are due (infra/database/functions/82_compare_windows.sql); stops where none is left, or after so many
 * milliseconds. What is left then is for the next call.
 *
 * @returns how many windows it looked at.
 */
export async function compareWindows(
  database: pg.Pool,
  topics: readonly ControlledTopic[],
  graceSeconds: number,
  forMs: number,
): Promise<number> {
  const startedAt = performance.now();
  let total = 0;
  for (const { source, topic, reached } of topics) {
    let looked: number;
    do {
      const { rows } = await database.query<{ looked: number }>(
        `SELECT ${FUNCTIONS_SCHEMA}.compare_windows($1, $2, to_timestamp($3::float8), make_interval(secs => $4)) AS looked`,
        [source, topic, reached === undefined ? null : reached / 1000, graceSeconds],
      );
      looked = rows[0]!.looked;
      total += looked;
    } while (looked > 0 && performance.now() - startedAt < forMs);
  }
  return total;
}
