import type pg from 'pg';

/** Windows of a topic that do not match. */
export interface UnmatchedWindows {
  readonly topic: string;
  /** Not compared yet, or waiting for a newer total. */
  readonly open: number;
  /** Of the windows that are still compared: short, or with another sum. */
  readonly incomplete: number;
  readonly missingRows: number;
  readonly amountDifference: number;
}

/** How long a window is compared after its total was generated (82_compare_windows.sql). */
const COMPARED = '7 days';

export async function readWindows(client: pg.Pool | pg.ClientBase): Promise<UnmatchedWindows[]> {
  const { rows } = await client.query<UnmatchedWindows>(
    `SELECT c.topic, count(*) FILTER (WHERE c.state = 'open')::float8 AS open,
       count(*) FILTER (WHERE c.state IN ('short', 'amount_differs') AND i.is_compared)::float8 AS incomplete,
       coalesce(sum(c.expected_count - c.found_count) FILTER (WHERE c.state = 'short' AND i.is_compared), 0)::float8
         AS "missingRows",
       coalesce(sum(abs(c.expected_sum - c.found_sum)) FILTER (WHERE c.state = 'amount_differs' AND i.is_compared), 0)::float8
         AS "amountDifference"
     FROM bo.control_totals c, LATERAL (SELECT c.generated_at > now() - interval '${COMPARED}' AS is_compared) i
     WHERE c.state <> 'matched' GROUP BY c.topic ORDER BY c.topic`,
  );
  return rows;
}
