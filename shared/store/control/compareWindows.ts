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
 * @throws the first failure, once every topic was tried: a table that is held is no reason not to look at the other one.
 */
export async function compareWindows(
  database: pg.Pool,
  topics: readonly ControlledTopic[],
  graceSeconds: number,
  forMs: number,
): Promise<number> {
  const startedAt = performance.now();
  const compareTopic = async ({ source, topic, reached }: ControlledTopic) => {
    let total = 0;
    let looked: number;
    do {
      const { rows } = await database.query<{ looked: number }>(
        `SELECT ${FUNCTIONS_SCHEMA}.compare_windows($1, $2, to_timestamp($3::float8), make_interval(secs => $4)) AS looked`,
        [source, topic, reached === undefined ? null : reached / 1000, graceSeconds],
      );
      looked = rows[0]!.looked;
      total += looked;
    } while (looked > 0 && performance.now() - startedAt < forMs);
    return total;
  };
  let total = 0;
  const failures: unknown[] = [];
  for (const topic of topics) {
    try {
      total += await compareTopic(topic);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return total;
}
