import type pg from 'pg';
import type { LogicalTopic } from '../../contracts/fields.ts';
import { controlledTopics } from './compareWindows.ts';

/** Windows of a topic that do not match what its source has counted. */
export interface UnmatchedWindows {
  readonly topic: string;
  /** Not compared yet, or waiting for a newer total. */
  readonly open: number;
  /** Of the windows that are still compared: rows are missing, or the rows are others. */
  readonly incomplete: number;
  readonly missingRows: number;
  readonly amountDifference: number;
}

/** How long a window is compared after its total was generated (82_compare_windows.sql). */
const COMPARED = '7 days';

/** Of each topic whose source sends control totals. `topics`: names of hubs. */
export async function readWindows(
  client: pg.Pool | pg.ClientBase,
  topics: Readonly<Record<LogicalTopic, string>>,
): Promise<UnmatchedWindows[]> {
  const controlled = controlledTopics(topics).map((source) => topics[source]);
  if (controlled.length === 0) return [];
  const { rows } = await client.query<UnmatchedWindows>(
    `SELECT t.topic, count(*) FILTER (WHERE c.state = 'open')::float8 AS open,
       count(*) FILTER (WHERE c.is_incomplete)::float8 AS incomplete,
       coalesce(sum(c.expected_count - c.found_count) FILTER (WHERE c.is_incomplete), 0)::float8 AS "missingRows",
       coalesce(sum(abs(c.expected_sum - c.found_sum)) FILTER (WHERE c.is_incomplete AND c.state = 'amount_differs'), 0)::float8
         AS "amountDifference"
     FROM unnest($1::text[]) t(topic) LEFT JOIN LATERAL (
       SELECT w.*, w.state IN ('short', 'amount_differs', 'content_differs')
           AND w.generated_at > now() - interval '${COMPARED}' AS is_incomplete
       FROM bo.control_totals w WHERE w.topic = t.topic AND w.state <> 'matched'
     ) c ON true GROUP BY t.topic ORDER BY t.topic`,
    [controlled],
  );
  return rows;
}
